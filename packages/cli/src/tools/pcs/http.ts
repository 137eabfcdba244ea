import { request } from 'node:https';

/** Default time for one request to a node, ms (cli-pcs.md 4.1). */
export const requestTimeoutMs = 60_000;
/** Largest answer that is taken, bytes. */
const maxAnswerBytes = 16 * 1024 * 1024;
export const defaultPcsdPort = 2224;

export interface HostAddress {
  readonly addr: string;
  readonly port: number;
}

/** A host that pcs knows: where its pcsd is, and the token it gave us. */
export interface KnownHost {
  readonly dest_list: readonly HostAddress[];
  readonly token: string;
}

export interface HostAnswer {
  readonly status: number;
  readonly body: string;
}

/** A pcsd that could not be reached, or did not answer in time. */
export class UnreachableError extends Error {
  readonly code = 'UNREACHABLE';
}

export interface HostRequester {
  /**
   * Calls an endpoint of a host's pcsd; each of its addresses is tried in turn.
   * @param form POST fields; absent: GET @throws {UnreachableError} when no address answers
   */
  call(host: Pick<KnownHost, 'dest_list'> & { token?: string }, path: string, form?: Form): Promise<HostAnswer>;
}
export type Form = Readonly<Record<string, string>>;

/** Requests over HTTPS. Certificates are not verified: pcsd's are self-signed, the token and the password are the keys. */
export function httpsRequester(timeoutMs: number = requestTimeoutMs): HostRequester {
  return {
    async call(host, path, form) {
      let problem = 'it has no address';
      for (const address of host.dest_list) {
        try {
          return await callOne(address, host.token, path, form, timeoutMs);
        } catch (error) {
          problem = (error as Error).message;
        }
      }
      throw new UnreachableError(problem);
    },
  };
}

function callOne(
  address: HostAddress,
  token: string | undefined,
  path: string,
  form: Form | undefined,
  timeoutMs: number,
): Promise<HostAnswer> {
  const body = form === undefined ? undefined : new URLSearchParams(form).toString();
  return new Promise((resolve, reject) => {
    const call = request(
      {
        host: address.addr,
        port: address.port,
        path,
        method: body === undefined ? 'GET' : 'POST',
        rejectUnauthorized: false,
        minVersion: 'TLSv1.2',
        agent: false,
        headers: {
          ...(token === undefined ? {} : { Cookie: `token=${token}` }),
          ...(body === undefined
            ? {}
            : { 'Content-Type': 'application/x-www-form-urlencoded', 'Content-Length': Buffer.byteLength(body) }),
        },
        signal: AbortSignal.timeout(timeoutMs),
      },
      (answer) => {
        const chunks: Buffer[] = [];
        let bytes = 0;
        answer.on('data', (chunk: Buffer) => {
          bytes += chunk.length;
          if (bytes > maxAnswerBytes) call.destroy(new Error(`the answer is over ${maxAnswerBytes} bytes`));
          else chunks.push(chunk);
        });
        answer.on('end', () =>
          resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') }),
        );
        answer.on('error', reject);
      },
    );
    call.on('error', (error) => {
      reject(error.name === 'AbortError' ? new Error(`no answer within ${timeoutMs / 1000} s`) : error);
    });
    call.end(body);
  });
}
