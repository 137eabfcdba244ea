/** A test of level 20 as its file defines it (ocf-agents.md 3.6). */
export interface ExtendedTest {
  readonly url: string;
  readonly match: string;
  readonly user: string;
  readonly password: string;
  readonly client: string;
  readonly clientOptions: readonly string[];
}

const keywords: ReadonlySet<string> = new Set(['url', 'match', 'user', 'password', 'client', 'client_opts']);

/** Finds a test in a file's text: the named one, or the first. Problems are sentences for an exit reason. */
export function readTest(text: string, name: string): ExtendedTest | { readonly problem: string } {
  let values: Map<string, string> | undefined;
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.replace(/^\s*#.*$/, '').trim();
    if (line === '') continue;
    const [word = '', ...rest] = line.split(/\s+/);
    const value = line.slice(word.length).trim();
    if (values === undefined) {
      if (word === 'test' && (name === '' || rest[0] === name)) values = new Map();
    } else if (word === 'end') break;
    else if (keywords.has(word)) values.set(word, unquote(value));
    else return { problem: `${index + 1}: ${word}: unknown keyword` };
  }
  const get = (key: string): string => values?.get(key) ?? '';
  return {
    url: get('url'),
    match: get('match'),
    user: get('user'),
    password: get('password'),
    client: get('client'),
    clientOptions: get('client_opts').split(/\s+/).filter(Boolean),
  };
}

function unquote(value: string): string {
  const quoted = /^(["'])(.*)\1$/.exec(value);
  return quoted?.[2] ?? value;
}
