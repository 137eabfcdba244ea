import { createHash, randomUUID, timingSafeEqual } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { isRecord, writePrivate } from '@sanode/cli/tools/pcs/known-hosts';

/** A token this pcsd gave out. */
interface IssuedToken {
  readonly username: string;
  readonly token: string;
  readonly creation_date: string;
}

/** Most tokens that are kept; beyond it the oldest is forgotten. */
const maxTokens = 5000;

/** Tokens that this pcsd gave out: the file pcs_users.conf (cli-pcs.md 4.1), mode 0600. */
export class TokenStore {
  readonly #path: string;
  #tokens: IssuedToken[] | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(path: string) {
    this.#path = path;
  }

  /** Makes a token for a user; it is on disk when this resolves. */
  async issue(username: string, nowMs: number): Promise<string> {
    const tokens = await this.#load();
    const token = randomUUID();
    tokens.push({ username, token, creation_date: new Date(nowMs).toISOString() });
    if (tokens.length > maxTokens) tokens.splice(0, tokens.length - maxTokens);
    await this.#store();
    return token;
  }

  /** The user a token belongs to. Takes the same time whether and where it is found. */
  async userOf(token: string): Promise<string | undefined> {
    const digest = hash(token);
    let found: string | undefined;
    for (const issued of await this.#load()) {
      if (timingSafeEqual(hash(issued.token), digest)) found = issued.username;
    }
    return found;
  }

  /** Forgets tokens; all of them without arguments. */
  async revoke(tokens?: readonly string[]): Promise<void> {
    const kept = (await this.#load()).filter((issued) => tokens !== undefined && !tokens.includes(issued.token));
    this.#tokens = kept;
    await this.#store();
  }

  async #load(): Promise<IssuedToken[]> {
    this.#tokens ??= await readTokens(this.#path);
    return this.#tokens;
  }

  /** One write at a time, so that the last one wins. */
  async #store(): Promise<void> {
    const write = this.#writing.then(() => writePrivate(this.#path, JSON.stringify(this.#tokens, null, 2)));
    this.#writing = write.catch(() => {});
    await write;
  }
}

function hash(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

async function readTokens(path: string): Promise<IssuedToken[]> {
  let source: string;
  try {
    source = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  const data: unknown = JSON.parse(source);
  if (!Array.isArray(data)) throw new Error(`${path} is damaged: it holds no list`);
  return data.filter(isIssued).map(({ username, token, creation_date }) => ({ username, token, creation_date }));
}

function isIssued(entry: unknown): entry is IssuedToken {
  return (
    isRecord(entry) &&
    typeof entry['username'] === 'string' &&
    typeof entry['token'] === 'string' &&
    typeof entry['creation_date'] === 'string'
  );
}
