/** What a caller must be allowed to do; `anyone` needs no token. Full is hacluster's alone. */
export type Permission = 'anyone' | 'read' | 'write' | 'grant' | 'full';

export interface EndpointRequest {
  readonly fields: URLSearchParams;
  readonly user: string | undefined;
}

export interface EndpointAnswer {
  readonly status: number;
  readonly body: string;
  readonly location?: string;
  /** Ends the connection: the rest of the request is not read. */
  readonly close?: boolean;
}

/** One path of the API (cli-pcs.md 4.2). */
export interface Endpoint {
  readonly permission: Permission;
  run(request: EndpointRequest): Promise<EndpointAnswer>;
}

export function ok(body: string): EndpointAnswer {
  return { status: 200, body };
}

export function json(value: unknown): EndpointAnswer {
  return ok(JSON.stringify(value));
}

/** A failure that the caller shows to its user. */
export function refused(sentence: string): EndpointAnswer {
  return { status: 400, body: sentence };
}

/** The field `data_json`, parsed; undefined when it is missing or no JSON. */
export function dataJson(fields: URLSearchParams): unknown {
  try {
    return JSON.parse(fields.get('data_json') ?? '');
  } catch {
    return undefined;
  }
}
