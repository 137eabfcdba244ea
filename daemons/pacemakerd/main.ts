import { type IpcServer, listenXmlIpc } from '@sanode/ipc';
import { NodeHost, notifyReady, notifySystemd, openLog, paths, Reactor } from '@sanode/runtime';
import { attr, element } from '@sanode/xml';
import { answerArguments, answerOtherOne } from './arguments.ts';
import { children } from './children.ts';
import { CorosyncLink } from './corosync-link.ts';
import { prepareFolders } from './folders.ts';
import { panicMachine } from './panic.ts';
import { ChildProcesses } from './process-host.ts';
import { Supervisor, type SupervisorEnd } from './supervisor.ts';

const exitUnavailable = 69;
const exitPanic = 101;

const answer = answerArguments(process.argv.slice(2)) ?? (await answerOtherOne());
if (answer !== undefined) {
  process.stdout.write(answer.stdout);
  process.stderr.write(answer.stderr);
  process.exit(answer.exitCode);
}

const log = openLog({ name: 'pacemakerd', file: paths.pacemakerLog });
const reactor = new Reactor('pacemakerd');
const base = new NodeHost({ reactor, log });
const pids = new Map<string, number>();

const processes = new ChildProcesses({
  log,
  events: {
    spawned(name, pid) {
      pids.set(name, pid);
      reactor.enter(() => supervisor.spawned(name, pid));
    },
    exited(name, exit) {
      pids.delete(name);
      reactor.enter(() => supervisor.exited(name, exit));
    },
    probed: (name, alive) => reactor.enter(() => supervisor.probed(name, alive)),
  },
});
const corosync = new CorosyncLink({ log, account: processes.account });
const lost = (reason: string): void => reactor.enter(() => supervisor.corosyncLost(reason));

const supervisor: Supervisor = new Supervisor(
  {
    host: {
      log,
      monotonicMs: () => base.monotonicMs(),
      wallMs: () => base.wallMs(),
      randomUint32: () => base.randomUint32(),
      setTimer: (delayMs, handler) => base.setTimer(delayMs, handler),
      spawn: (child) => reactor.effect(() => processes.spawn(child)),
      kill: (pid, signal) => reactor.effect(() => processes.kill(pid, signal)),
      probe: (child) => reactor.effect(() => processes.probe(child)),
      awaitCorosync() {
        void corosync.reconnect(lost, () => reactor.enter(() => supervisor.corosyncBack()));
      },
      ready: () => reactor.effect(notifyReady),
      panic: (reason) => reactor.effect(() => panic(reason)),
      ended: (end) => reactor.effect(() => void finish(end)),
    },
  },
  {
    children,
    failFast: /^(yes|true|on|1|y)$/i.test(process.env['PCMK_fail_fast'] ?? ''),
    shutdownDelayMs: Math.max(0, (Number.parseInt(process.env['PCMK_shutdown_delay'] ?? '', 10) || 0) * 1000),
  },
);

/** Takes the machine down, or where this node is only a part of one, everything of this node. */
function panic(reason: string): void {
  log.fatal({}, `panic: ${reason}`);
  if (panicMachine(process.env['PCMK_panic_action'], log)) return;
  for (const pid of pids.values()) processes.kill(pid, 'SIGKILL');
  process.exit(exitPanic);
}

let server: IpcServer | undefined;

async function finish(end: SupervisorEnd): Promise<void> {
  if (end.stopCorosync) {
    await corosync.shutDown().catch((error: unknown) => log.error({ err: error }, 'corosync could not be stopped'));
  }
  corosync.close();
  await server?.close();
  log.info({ exitCode: end.exitCode }, 'pacemakerd has ended');
  process.exit(end.exitCode);
}

function answerPing(): ReturnType<typeof element> {
  return element('ping_response', {
    crm_subsystem: 'pacemakerd',
    'crm-timestamp': Math.floor(supervisor.stateSinceMs / 1000),
    pacemakerd_state: supervisor.state,
    result: 'ok',
  });
}

prepareFolders(processes.account, log);
try {
  await corosync.connectSoon(lost);
} catch (error) {
  log.fatal({ err: error }, 'corosync does not run here: start it first');
  process.exit(exitUnavailable);
}

server = await listenXmlIpc(
  {
    path: paths.socket('pacemakerd'),
    mode: 0o660,
    ...(processes.account === undefined ? {} : { gid: processes.account.gid }),
  },
  {
    request(_client, message, respond) {
      if (attr(message, 'crm_task') === 'ping') respond(answerPing());
      else respond(element('nack', { function: 'pcmk_ipc_dispatch', status: 22 }));
    },
  },
);

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.on(signal, () => {
    notifySystemd('STOPPING=1');
    reactor.enter(() => supervisor.stop());
  });
}
log.info({}, 'the fencer (stonithd) is not part of this release yet: fencing is not possible on this node');
const running = await processes.findRunning(children);
for (const [name, pid] of running) pids.set(name, pid);
reactor.enter(() => supervisor.start(running));
