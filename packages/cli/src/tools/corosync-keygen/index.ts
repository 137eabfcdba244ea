import { chmodSync, closeSync, openSync, readSync, writeSync } from 'node:fs';
import { parseShortOptions } from '../../common/short-options.ts';
import type { ToolIo } from '../../io.ts';

const usage = `Usage: corosync-keygen [-k <keyfile>] [-s size] [-r <randomfile>] [-l] [-h]
     -k / --key-file=<filename> -  Write to the specified keyfile
            instead of the default /etc/corosync/authkey.
     -r / --random-file -  Random number source file. Default is /dev/urandom.
            As an example /dev/random may be requested (that may block).
     -s / --size -  Length of key.
     -l / --less-secure - Not used option kept for compatibility.
     -h / --help -  Print basic usage.
`;
const minKeyBytes = 128;
const maxKeyBytes = 4096;

function reason(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOENT') return 'No such file or directory';
  if (code === 'EACCES') return 'Permission denied';
  return code ?? String(error);
}

/** corosync-keygen: makes the ring's key file (corosync-services.md 11.6). */
export async function run(argv: string[], io: ToolIo): Promise<number> {
  const long = { 'key-file': 'k', size: 's', 'random-file': 'r', 'less-secure': 'l', help: 'h' };
  const parsed = parseShortOptions(argv, 'k:s:r:lh', long);
  if (parsed.error !== undefined) {
    io.stderr(`corosync-keygen: ${parsed.error}\n`);
    io.stdout('Error parsing command line options.\n');
    return 1;
  }
  const value = (letter: string): string | undefined => parsed.options.findLast((o) => o.option === letter)?.value;
  if (parsed.options.some((option) => option.option === 'h')) {
    io.stdout(usage);
    return 0;
  }
  const file = value('k') ?? '/etc/corosync/authkey';
  const source = value('r') ?? '/dev/urandom';
  const bytes = Number(value('s') ?? 256);
  if (!Number.isInteger(bytes) || bytes < minKeyBytes || bytes > maxKeyBytes) {
    io.stderr(`corosync-keygen: Unsupported key size (supported <${minKeyBytes},${maxKeyBytes}>)\n\n`);
    return 1;
  }
  io.stdout('Corosync Cluster Engine Authentication key generator.\n');
  let key: Buffer;
  try {
    io.stdout(`Gathering ${bytes * 8} bits for key from ${source}.\n`);
    key = readRandom(source, bytes);
  } catch (error) {
    io.stderr(`corosync-keygen: Could not read ${source}: ${reason(error)}\n`);
    return 1;
  }
  let descriptor: number;
  try {
    descriptor = openSync(file, 'w', 0o600);
  } catch (error) {
    io.stderr(`corosync-keygen: Could not create ${file}: ${reason(error)}\n`);
    return 2;
  }
  try {
    chmodSync(file, 0o400);
    io.stdout(`Writing corosync key to ${file}.\n`);
    if (writeSync(descriptor, key) !== bytes) throw new Error('short write');
  } catch (error) {
    io.stderr(`corosync-keygen: Could not write ${file}: ${reason(error)}\n`);
    return 4;
  } finally {
    closeSync(descriptor);
  }
  return 0;
}

function readRandom(source: string, bytes: number): Buffer {
  const descriptor = openSync(source, 'r');
  try {
    const key = Buffer.alloc(bytes);
    let at = 0;
    while (at < bytes) {
      const count = readSync(descriptor, key, at, bytes - at, null);
      if (count === 0) throw new Error('it ends too early');
      at += count;
    }
    return key;
  } finally {
    closeSync(descriptor);
  }
}
