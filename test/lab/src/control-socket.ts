import { rmSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import type { Lab } from './lab.ts';

/** What another terminal can ask of a running lab; `exec` goes to the machine directly. */
export type LabOperation = 'cut' | 'heal' | 'kill' | 'start' | 'status';

export interface LabRequest {
  readonly operation: LabOperation;
  readonly machine?: string;
}

/** Answers requests from other terminals until closed. */
export function listenForControl(lab: Lab): Server {
  const path = join(lab.stateDir, 'control.sock');
  rmSync(path, { force: true });
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    let input = '';
    socket.setEncoding('utf8');
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk: string) => {
      input += chunk;
      if (input.length > 4096) socket.destroy();
    });
    socket.on('end', () => {
      carryOut(lab, JSON.parse(input) as LabRequest).then(
        (answer) => socket.end(JSON.stringify({ answer })),
        (error: unknown) =>
          socket.end(JSON.stringify({ error: error instanceof Error ? error.message : String(error) })),
      );
    });
  });
  server.listen(path);
  return server;
}

async function carryOut(lab: Lab, request: LabRequest): Promise<string> {
  if (request.operation === 'status') {
    return [...lab.machines.values()]
      .map(
        ({ name, address, initPid }) =>
          `${name.padEnd(8)} ${address.padEnd(15)} ${initPid === undefined ? 'off' : 'on'}`,
      )
      .join('\n');
  }
  const machine = lab.machine(request.machine ?? '');
  switch (request.operation) {
    case 'cut':
      await machine.setCable(false);
      return `${machine.name}: cable pulled`;
    case 'heal':
      await machine.setCable(true);
      return `${machine.name}: cable plugged in`;
    case 'kill':
      await machine.powerOff();
      return `${machine.name}: power cut`;
    case 'start':
      await machine.powerOn();
      return `${machine.name}: power on`;
  }
}

/** Asks a running lab. @throws {Error} with the lab's sentence, or when it does not run */
export function askLab(stateDir: string, request: LabRequest): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path: join(stateDir, 'control.sock'), allowHalfOpen: true });
    let input = '';
    socket.setEncoding('utf8');
    socket.on('error', () => reject(new Error('no lab is running; start it with: npm start')));
    socket.on('data', (chunk: string) => {
      input += chunk;
    });
    socket.on('end', () => {
      const { answer, error } = JSON.parse(input) as { answer?: string; error?: string };
      if (error !== undefined) reject(new Error(error));
      else resolve(answer ?? '');
    });
    socket.end(JSON.stringify(request));
  });
}
