// `systemctl` for lab machines, which have no systemd: the first call starts a service manager that reads the very unit
// files we ship; every call is one question to it. `systemctl lab-boot` starts what is enabled.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, openSync } from 'node:fs';
import { createConnection, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { type Answer, Manager, managerOptions } from './systemctl/manager.ts';

/** Longest question and answer, characters; how long the manager may take to come up, ms. */
const maxLineLength = 16 * 1024 * 1024;
const managerStartMs = 10_000;
const managerCommand = 'lab-manager';

/** Address of the manager: in the abstract namespace, which ends with the machine (its network namespace). */
function managerAddress(): string {
  const { runDir } = managerOptions(process.env);
  return `\0systemctl-lab-${createHash('sha256').update(runDir).digest('hex').slice(0, 16)}`;
}

async function main(argv: readonly string[]): Promise<number> {
  if (argv[0] === managerCommand) return serve();
  const quiet = argv.includes('-q') || argv.includes('--quiet');
  const socket = await connectOrStart();
  const answer = await ask(socket, argv);
  if (!quiet) process.stdout.write(answer.stdout);
  process.stderr.write(answer.stderr);
  return answer.code;
}

function connect(): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = createConnection(managerAddress());
    socket.once('connect', () => resolve(socket));
    socket.once('error', () => resolve(undefined));
  });
}

async function connectOrStart(): Promise<Socket> {
  const running = await connect();
  if (running !== undefined) return running;
  const { runDir } = managerOptions(process.env);
  mkdirSync(runDir, { recursive: true });
  const log = openSync(join(runDir, 'manager.out'), 'a');
  const program = process.argv[1] as string;
  spawn(process.execPath, [...process.execArgv, program, managerCommand], {
    detached: true,
    stdio: ['ignore', log, log],
  }).unref();
  const deadline = Date.now() + managerStartMs;
  for (;;) {
    const socket = await connect();
    if (socket !== undefined) return socket;
    if (Date.now() > deadline) throw new Error(`the service manager does not come up, see ${runDir}/manager.out`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function ask(socket: Socket, argv: readonly string[]): Promise<Answer> {
  socket.write(`${JSON.stringify(argv)}\n`);
  const line = await readLine(socket);
  socket.destroy();
  if (line === undefined) throw new Error('the service manager ended without an answer');
  return JSON.parse(line) as Answer;
}

/** The first line that arrives; undefined when the other side ends before. */
function readLine(socket: Socket): Promise<string | undefined> {
  return new Promise((resolve) => {
    let text = '';
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => {
      text += chunk;
      const end = text.indexOf('\n');
      if (end >= 0) resolve(text.slice(0, end));
      else if (text.length > maxLineLength) resolve(undefined);
    });
    socket.once('close', () => resolve(undefined));
  });
}

/** The manager's process: runs until the machine is switched off. */
function serve(): Promise<number> {
  const manager = new Manager(managerOptions(process.env));
  const server = createServer((socket) => {
    socket.on('error', () => {});
    void readLine(socket).then(async (line) => {
      if (line === undefined) return;
      const answer = await manager.run(JSON.parse(line) as string[]);
      if (socket.writable) socket.end(`${JSON.stringify(answer)}\n`);
    });
  });
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      // Two first calls at once: the other one's manager serves both.
      if (error.code === 'EADDRINUSE') resolve(0);
      else reject(error);
    });
    server.listen(managerAddress());
  });
}

process.exitCode = await main(process.argv.slice(2));
