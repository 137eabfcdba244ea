import { fileURLToPath } from 'node:url';
import { buildAll } from '../../../scripts/build.ts';
import { HttpClient } from './client.ts';
import { listenForControl } from './control-socket.ts';
import { failoverStory } from './failover-story.ts';
import type { Lab } from './lab.ts';
import { type CommandResult, type Machine, until } from './machine.ts';
import { reenterAsNamespaceRoot } from './namespaces.ts';
import { ensurePrograms } from './requirements.ts';
import {
  addressHolders,
  buildTutorialLab,
  prepareNodes,
  type TutorialPlan,
  tutorialPlan,
  typeTutorial,
} from './tutorial.ts';

const help = `Usage: npm start [-- --once]

Builds two load balancers, two web servers and a client out of network
namespaces, types the tutorial's commands, and shows a failover. Then the lab
stays up for you until Ctrl-C; with --once it ends after the failover.
`;

/** `npm start`. */
export async function run(args: readonly string[]): Promise<number> {
  const unknown = args.find((arg) => arg !== '--once' && arg !== '--help');
  if (unknown !== undefined || args.includes('--help')) {
    process.stdout.write(unknown === undefined ? help : `sanode: no such option: ${unknown}\n\n${help}`);
    return unknown === undefined ? 0 : 64;
  }
  try {
    ensurePrograms();
    const inner = reenterAsNamespaceRoot();
    if (inner !== undefined) return inner;
    say('building the programs');
    await buildAll({ outDir: fileURLToPath(new URL('../../../dist', import.meta.url)) });
    return await runLab(tutorialPlan, args.includes('--once'));
  } catch (error) {
    console.error(`sanode: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  }
}

async function runLab(plan: TutorialPlan, once: boolean): Promise<number> {
  let interrupted: (() => void) | undefined;
  const interruption = new Promise<'interrupted'>((resolve) => {
    interrupted = () => resolve('interrupted');
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => interrupted?.());
  say('building the machines: two load balancers, a spare one, two web servers, a client');
  const lab = await buildTutorialLab(plan);
  const control = listenForControl(lab);
  try {
    const shown = await Promise.race([showFailover(lab, plan).then(() => 'shown' as const), interruption]);
    if (shown === 'interrupted') return 130;
    if (once) return 0;
    process.stdout.write(whatToTry(plan));
    await interruption;
    return 0;
  } finally {
    say('switching everything off');
    control.close();
    await lab.close();
  }
}

async function showFailover(lab: Lab, plan: TutorialPlan): Promise<void> {
  const first = lab.machine(plan.nodes[0]?.name ?? '');
  const print = (command: readonly string[], result: CommandResult): void => printCommand(first, command, result);
  await prepareNodes(lab, plan, print);
  await typeTutorial(lab, plan, print);
  const url = `http://${plan.address}/`;
  const client = new HttpClient(lab.machine(plan.client.name), url);
  try {
    say(`the client asks ${url}`);
    const bodies = plan.backends.map(({ name }) => name);
    if (!(await client.gets(bodies, 60_000))) throw new Error(`${url} did not answer from ${bodies.join(' and ')}`);
    for (const body of bodies) console.log(`${plan.client.name}$ curl ${url}\n${body}`);
    await show(first, ['crm_mon', '-1', '-n']);

    const holder = (await addressHolders(lab, plan))[0];
    if (holder === undefined) throw new Error(`no node holds ${plan.address}`);
    const survivor = plan.nodes.map(({ name }) => lab.machine(name)).find((machine) => machine !== holder);
    if (survivor === undefined) throw new Error('there is no second node');
    say(`cutting the power of ${holder.name}, which holds ${plan.address}`);
    const cutMs = Date.now();
    await holder.powerOff();
    const { deadMs, backAtMs } = await client.outage(cutMs, 30_000);
    await untilSettled(survivor, plan);
    await show(survivor, ['crm_mon', '-1']);
    const parts = await failoverStory(survivor, cutMs, backAtMs);
    console.log(`The address was dead for ${(deadMs / 1000).toFixed(2)} s, as the client saw it.`);
    for (const { part, ms, meaning } of parts)
      console.log(`  ${part.padEnd(8)}${(ms / 1000).toFixed(2)} s  ${meaning}`);

    say(`switching ${holder.name} on again`);
    await holder.powerOn();
    const online = await until(async () => (await onlineNodes(survivor)).includes(holder.name), 60_000, 250);
    if (!online) throw new Error(`${holder.name} did not come back`);
    await untilSettled(survivor, plan);
    const now = (await addressHolders(lab, plan)).map(({ name }) => name);
    await show(survivor, ['crm_mon', '-1']);
    if (now.join() !== survivor.name) throw new Error(`the address is on ${now.join(', ') || 'no node'} now`);
    console.log(`Nothing failed back: the address stays on ${survivor.name} (stickiness INFINITY).`);
  } finally {
    client.stop();
  }
}

/** Waits until the cluster has nothing left to do: the DC is idle and each resource runs once. */
export async function untilSettled(machine: Machine, plan: TutorialPlan, timeoutMs = 30_000): Promise<void> {
  let last = '';
  const settled = await until(
    async () => {
      const dc = await machine.exec(['crmadmin', '-D', '-q']);
      const state = await machine.exec(['crmadmin', '-S', dc.stdout.trim()]);
      const { stdout } = await machine.exec(['crm_mon', '-1']);
      last = stdout;
      const started = stdout.match(/:\s+Started [a-z]/g)?.length ?? 0;
      return started >= 2 && state.stdout.includes('S_IDLE');
    },
    timeoutMs,
    200,
  );
  if (!settled) throw new Error(`the cluster ${plan.clusterName} did not settle:\n${last}`);
}

async function onlineNodes(machine: Machine): Promise<string[]> {
  const { stdout } = await machine.exec(['crm_mon', '-1']);
  return stdout.match(/Online: \[ (.*) \]/)?.[1]?.split(' ') ?? [];
}

async function show(machine: Machine, command: readonly string[]): Promise<void> {
  printCommand(machine, command, await machine.exec(command));
}

function printCommand(machine: Machine, command: readonly string[], result: CommandResult): void {
  console.log(`${machine.name}# ${command.join(' ')}`);
  const output = `${result.stdout}\n${result.stderr}`.trim();
  if (output !== '') console.log(output);
}

function say(sentence: string): void {
  console.log(`\n== ${sentence}`);
}

function whatToTry(plan: TutorialPlan): string {
  const [one, two] = plan.nodes.map(({ name }) => name);
  return `
The lab stays up until Ctrl-C. Try in another terminal:

  npm run lab -- exec ${one} crm_mon
  npm run lab -- exec ${plan.client.name} curl -s http://${plan.address}/
  npm run lab -- exec ${one} pcs node standby ${two}
  npm run lab -- cut ${two}          pull its cable   (heal: plug it in)
  npm run lab -- kill ${one}         cut its power    (start: power on)
`;
}
