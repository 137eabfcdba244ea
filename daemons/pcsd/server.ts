import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { Logger } from '@sanode/runtime';
import type { Certificate } from './certificate.ts';
import type { Endpoint, EndpointAnswer, Permission } from './endpoint.ts';

/** Largest request body, bytes: of a caller with a token, and of one who is still unknown (a name and a password). */
const maxBodyBytes = 4 * 1024 * 1024;
const maxAnonymousBodyBytes = 64 * 1024;
/** What a request may take until its body is there, ms. */
const bodyTimeoutMs = 60_000;
const headersTimeoutMs = 20_000;
const maxConnections = 256;

const fixedHeaders: Readonly<Record<string, string>> = {
  'Strict-Transport-Security': 'max-age=63072000',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'SAMEORIGIN',
  'Content-Security-Policy': "frame-ancestors 'self'; default-src 'self'",
  'X-Xss-Protection': '1; mode=block',
  'Cache-Control': 'no-store, no-cache',
  Pragma: 'no-cache',
  'Referrer-Policy': 'no-referrer',
};

export interface ServerDeps {
  readonly endpoints: ReadonlyMap<string, Endpoint>;
  readonly log: Logger;
  /** The user a token belongs to. */
  userOf(token: string): Promise<string | undefined>;
}

/** The HTTPS server of pcsd (cli-pcs.md 4.1): authenticates, bounds and dispatches requests. */
export function createPcsdServer(certificate: Certificate, deps: ServerDeps): Server {
  const server = createServer(
    {
      ...certificate,
      minVersion: 'TLSv1.2',
      requestTimeout: bodyTimeoutMs,
      headersTimeout: headersTimeoutMs,
      maxHeaderSize: 16 * 1024,
    },
    (request, response) => {
      handle(deps, request)
        .catch((error: unknown): EndpointAnswer => {
          if (error instanceof BodyTooLargeError) return { status: 413, body: error.message, close: true };
          deps.log.error({ err: error, path: pathOf(request) }, 'a request failed');
          return { status: 500, body: 'Internal error, see the log of pcsd on this host' };
        })
        .then((answer: EndpointAnswer) => send(response, answer));
    },
  );
  server.maxConnections = maxConnections;
  // An answer may wait for a service's start or stop, longer than a request may take to come in.
  server.timeout = 0;
  return server;
}

async function handle(deps: ServerDeps, request: IncomingMessage): Promise<EndpointAnswer> {
  const path = pathOf(request);
  const endpoint = deps.endpoints.get(path);
  if (path === '/' && request.method === 'GET') return { status: 301, body: '', location: '/ui/' };
  if (endpoint !== undefined && endpoint.permission === 'anyone') {
    if (request.method !== 'POST') return badRequest();
    return endpoint.run({ fields: await readFields(request, maxAnonymousBodyBytes), user: undefined });
  }
  const token = cookieToken(request.headers.cookie);
  const user = token === undefined ? undefined : await deps.userOf(token);
  if (user === undefined) {
    deps.log.warn({ path, from: request.socket.remoteAddress }, 'refused a request without a valid token');
    return { status: 401, body: '{"notauthorized":"true"}' };
  }
  if (endpoint === undefined || (request.method !== 'GET' && request.method !== 'POST')) {
    return { status: 404, body: 'Unknown Request' };
  }
  if (!mayUse(user, endpoint.permission)) return { status: 403, body: 'Permission denied' };
  const fields = await readFields(request, maxBodyBytes);
  const answer = await endpoint.run({ fields, user });
  deps.log.info({ path, user, from: request.socket.remoteAddress, status: answer.status }, 'request');
  return answer;
}

/** hacluster may do everything; others of the group haclient all but what needs full permission. */
function mayUse(user: string, permission: Permission): boolean {
  return user === 'hacluster' || permission !== 'full';
}

export function badRequest(): EndpointAnswer {
  return { status: 400, body: '<html><title>400: Bad Request</title><body>400: Bad Request</body></html>' };
}

function pathOf(request: IncomingMessage): string {
  return (request.url ?? '/').split('?', 1)[0] as string;
}

/** Value of the cookie `token`. */
export function cookieToken(header: string | undefined): string | undefined {
  for (const part of (header ?? '').split(';')) {
    const [name, value] = part.trim().split('=', 2);
    if (name === 'token' && value !== undefined && value !== '') return value;
  }
  return undefined;
}

async function readFields(request: IncomingMessage, limitBytes: number): Promise<URLSearchParams> {
  const query = (request.url ?? '').split('?', 2)[1] ?? '';
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += (chunk as Buffer).length;
    if (bytes > limitBytes) throw new BodyTooLargeError(limitBytes);
    chunks.push(chunk as Buffer);
  }
  const fields = new URLSearchParams(Buffer.concat(chunks).toString('utf8'));
  for (const [name, value] of new URLSearchParams(query)) if (!fields.has(name)) fields.set(name, value);
  return fields;
}

class BodyTooLargeError extends Error {
  readonly code = 'BODY_TOO_LARGE';

  constructor(limitBytes: number) {
    super(`request body over ${limitBytes} bytes`);
  }
}

function send(response: ServerResponse, answer: EndpointAnswer): void {
  const body = Buffer.from(answer.body);
  response.writeHead(answer.status, {
    'Content-Type': 'text/html;charset=utf-8',
    ...fixedHeaders,
    ...(answer.location === undefined ? {} : { Location: answer.location }),
    ...(answer.close === true ? { Connection: 'close' } : {}),
    'Content-Length': body.length,
  });
  response.end(body);
}
