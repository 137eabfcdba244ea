import { get as httpGet, type IncomingMessage } from 'node:http';
import { get as httpsGet } from 'node:https';
import type { AgentContext } from '@sanode/ocf';

const maxBodyBytes = 1024 * 1024;
const maxRedirects = 10;

/** A page's text, or why it could not be had. The status code does not count, as with curl and wget's body. */
export type Page = { readonly body: string } | { readonly error: string };

export interface HttpLogin {
  readonly user: string;
  readonly password: string;
}

/**
 * Gets a URL from this host only (as the reference does with `curl --interface lo`): the connection starts from the
 * loopback address. With a client program given, that is run instead.
 */
export async function getPage(
  context: AgentContext,
  url: string,
  client: string,
  clientOptions: readonly string[] = [],
  login?: HttpLogin,
): Promise<Page> {
  if (client === '') return await fetchPage(url, login, 0);
  const call = clientCall(client, clientOptions, url, login);
  const result = await context.run(client, call.args, call.input === undefined ? {} : { input: call.input });
  if (result.startError !== undefined) return { error: `${client} could not be run` };
  return result.code === 0 ? { body: result.stdout } : { error: result.stderr.trim() || `${client}: ${result.code}` };
}

function clientCall(
  client: string,
  options: readonly string[],
  url: string,
  login: HttpLogin | undefined,
): { args: string[]; input?: string } {
  const name = client.slice(client.lastIndexOf('/') + 1);
  if (name === 'curl') {
    const args = ['-o', '-', '-Ss', '-L', '--interface', 'lo', ...options, url];
    // The password goes by standard input: a command line is everyone's to read.
    return login === undefined
      ? { args }
      : { args: ['-K', '-', ...args], input: `user = "${login.user}:${login.password}"\n` };
  }
  if (name === 'wget') {
    const auth = login === undefined ? [] : [`--http-user=${login.user}`, `--http-passwd=${login.password}`];
    return { args: ['-O-', '-q', '-L', '--no-proxy', '--bind-address=127.0.0.1', ...auth, ...options, url] };
  }
  return { args: [...options, url] };
}

function fetchPage(url: string, login: HttpLogin | undefined, redirects: number): Promise<Page> {
  if (redirects > maxRedirects) return Promise.resolve({ error: `more than ${maxRedirects} redirects` });
  let target: URL;
  try {
    target = new URL(url);
  } catch {
    return Promise.resolve({ error: `"${url}" is no complete URL` });
  }
  if (target.protocol !== 'http:' && target.protocol !== 'https:') {
    return Promise.resolve({ error: `${target.protocol} is not supported` });
  }
  const get = target.protocol === 'https:' ? httpsGet : httpGet;
  const isIpv6 = target.hostname.startsWith('[');
  return new Promise((resolve) => {
    const request = get(
      target,
      {
        agent: false,
        ...(isIpv6 ? {} : { family: 4, localAddress: '127.0.0.1' }),
        ...(login === undefined ? {} : { auth: `${login.user}:${login.password}` }),
      },
      (response) => {
        const location = response.headers.location;
        if ([301, 302, 303, 307, 308].includes(response.statusCode ?? 0) && location !== undefined) {
          response.destroy();
          resolve(fetchPage(new URL(location, target).href, login, redirects + 1));
        } else collect(response, resolve);
      },
    );
    request.on('error', (error) => resolve({ error: error.message }));
  });
}

function collect(response: IncomingMessage, resolve: (page: Page) => void): void {
  const chunks: Buffer[] = [];
  let size = 0;
  const finish = (): void => resolve({ body: Buffer.concat(chunks).toString('utf8') });
  response.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    size += chunk.length;
    if (size < maxBodyBytes) return;
    finish();
    response.destroy();
  });
  response.on('end', finish);
  response.on('error', (error) => resolve({ error: error.message }));
}

/** Whether text matches an extended regular expression in any case; an invalid expression is undefined. */
export function matches(text: string, expression: string): boolean | undefined {
  // grep looks line by line: a dot or a negated class never crosses a line's end.
  const source = expression.replace(/\[:(\w+):\]/g, (whole, name: string) => posixClasses[name] ?? whole);
  let pattern: RegExp;
  try {
    pattern = new RegExp(source, 'i');
  } catch {
    return undefined;
  }
  return text.split('\n').some((line) => pattern.test(line));
}

const posixClasses: Readonly<Record<string, string>> = {
  alpha: 'A-Za-z',
  digit: '0-9',
  alnum: 'A-Za-z0-9',
  upper: 'A-Z',
  lower: 'a-z',
  space: '\\s',
  blank: ' \\t',
  xdigit: '0-9A-Fa-f',
  punct: '!-\\/:-@\\[-`{-~',
};
