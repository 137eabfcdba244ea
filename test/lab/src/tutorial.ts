import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inUserNamespace, Lab, type MachinePlan } from './lab.ts';
import { type CommandResult, type Machine, mustOn } from './machine.ts';

/** The tutorial's set-up; every name and number can be another. */
export interface TutorialPlan {
  labName: string;
  clusterName: string;
  /** The load balancers that make up the cluster; commands are typed on the first. */
  nodes: readonly MachinePlan[];
  /** Wired up, not in the cluster. */
  spares: readonly MachinePlan[];
  backends: readonly MachinePlan[];
  client: MachinePlan;
  /** The floating address. */
  address: string;
}

/** As in the tutorial. */
export const tutorialPlan: TutorialPlan = {
  labName: 'tutorial',
  clusterName: 'ha_cluster',
  nodes: [
    { name: 'lb1', address: '10.10.20.61' },
    { name: 'lb2', address: '10.10.20.62' },
  ],
  spares: [{ name: 'lb3', address: '10.10.20.63' }],
  backends: [
    { name: 'web1', address: '10.10.20.10' },
    { name: 'web2', address: '10.10.20.20' },
  ],
  client: { name: 'client', address: '10.10.20.100' },
  address: '10.10.20.69',
};

/** Password that hacluster gets on the lab's machines, and nowhere else. */
export const clusterPassword = 'tutorial-lab';

/** What is typed on the first node, in the tutorial's own syntax. */
export function tutorialCommands(plan: TutorialPlan): { command: string[]; input?: string }[] {
  const names = plan.nodes.map((node) => node.name);
  const pcs = (...words: string[]) => ({ command: ['pcs', ...words] });
  return [
    { ...pcs('cluster', 'auth', ...names), input: `hacluster\n${clusterPassword}\n` },
    pcs('cluster', 'setup', '--name', plan.clusterName, ...names),
    pcs('cluster', 'start', '--all'),
    pcs('cluster', 'enable', '--all'),
    pcs('property', 'set', 'stonith-enabled=false'),
    pcs('property', 'set', 'default-resource-stickiness=INFINITY'),
    ...resourceCommands(plan).map((words) => pcs(...words)),
  ];
}

function resourceCommands(plan: TutorialPlan): string[][] {
  return [
    [
      ...['resource', 'create', 'Virtual_IP', 'ocf:heartbeat:IPaddr2', `ip=${plan.address}`, 'cidr_netmask=32'],
      ...['op', 'monitor', 'interval=30s'],
    ],
    [
      ...['resource', 'create', 'Web_Cluster', 'ocf:heartbeat:nginx', 'configfile=/etc/nginx/nginx.conf'],
      ...['status10url', 'op', 'monitor', 'interval=5s'],
    ],
    ['constraint', 'colocation', 'add', 'Web_Cluster', 'with', 'Virtual_IP', 'INFINITY'],
    ['constraint', 'order', 'Virtual_IP', 'then', 'Web_Cluster'],
  ];
}

/** Builds the tutorial's machines and switches them on: the backends serve, the nodes are bare. */
export async function buildTutorialLab(plan: TutorialPlan): Promise<Lab> {
  const machines = [...plan.nodes, ...plan.spares, ...plan.backends, plan.client];
  const lab = await Lab.create({ name: plan.labName, machines });
  try {
    for (const { name } of [...plan.nodes, ...plan.spares]) writeNginxConf(lab.machine(name), balancerConf(plan));
    for (const { name } of plan.backends) writeNginxConf(lab.machine(name), backendConf(name));
    await lab.powerOnAll();
    for (const { name } of plan.backends) await mustOn(lab.machine(name), ['nginx']);
    return lab;
  } catch (error) {
    await lab.close();
    throw error;
  }
}

/**
 * What the tutorial does on every node first: starts pcsd, and gives hacluster its password, which here is set on the
 * lab's machines only.
 */
export async function prepareNodes(
  lab: Lab,
  plan: TutorialPlan,
  onCommand: (command: readonly string[], result: CommandResult) => void = () => {},
): Promise<void> {
  for (const { name } of [...plan.nodes, ...plan.spares]) {
    const machine = lab.machine(name);
    for (const command of [
      ['systemctl', 'start', 'pcsd'],
      ['systemctl', 'enable', 'pcsd'],
    ]) {
      const result = await machine.exec(command);
      if (name === plan.nodes[0]?.name) onCommand(command, result);
      if (result.exitCode !== 0) throw new Error(`${name}# ${command.join(' ')}\n${result.stderr}`);
    }
    await lab.setClusterPassword(machine, clusterPassword);
    if (name === plan.nodes[0]?.name) onCommand(['passwd', 'hacluster'], passwordSet);
  }
}

/** passwd(1) asks a terminal; the lab writes the machine's /etc/shadow instead. */
const passwordSet: CommandResult = {
  exitCode: 0,
  stdout: '(set by the lab, on its own machines only)',
  stderr: '',
};

/** Types the whole tutorial, on nodes that {@link prepareNodes} has prepared. */
export async function typeTutorial(
  lab: Lab,
  plan: TutorialPlan,
  onCommand: (command: readonly string[], result: CommandResult) => void = () => {},
): Promise<void> {
  const machine = lab.machine(plan.nodes[0]?.name ?? '');
  for (const { command, input } of tutorialCommands(plan)) {
    const result = await machine.exec(command, input === undefined ? {} : { input });
    onCommand(command, result);
    if (result.exitCode !== 0) {
      const words = (result.stdout + result.stderr).trim();
      throw new Error(`${command.join(' ')} ended with exit code ${result.exitCode}: ${words}`);
    }
  }
}

/** The cluster node that holds the floating address now. */
export async function addressHolders(lab: Lab, plan: TutorialPlan): Promise<Machine[]> {
  const holders: Machine[] = [];
  for (const { name } of [...plan.nodes, ...plan.spares]) {
    const machine = lab.machine(name);
    if (!machine.isOn) continue;
    const { stdout } = await machine.exec(['ip', '-o', '-4', 'addr', 'show', 'to', `${plan.address}/32`]);
    if (stdout.includes(` ${plan.address}/`)) holders.push(machine);
  }
  return holders;
}

function writeNginxConf(machine: Machine, conf: string): void {
  mkdirSync(join(machine.diskDir, 'etc', 'nginx'), { recursive: true });
  writeFileSync(join(machine.diskDir, 'etc', 'nginx', 'nginx.conf'), conf);
}

/** In a user namespace there is no other account to change to. */
function workerUser(): string {
  return inUserNamespace() ? 'root' : 'www-data';
}

/** nginx's folders for temporary files, where those of its package can't be used. */
function temporaryPaths(): string {
  if (!inUserNamespace()) return '';
  return ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((kind) => `    ${kind}_temp_path /run/nginx/${kind};\n`)
    .join('');
}

function balancerConf(plan: TutorialPlan): string {
  const servers = plan.backends.map(({ address }) => `        server ${address}:80;`).join('\n');
  return `user ${workerUser()};
worker_processes 1;
error_log /var/log/nginx/error.log;
pid /run/nginx.pid;

events {
    worker_connections 1024;
}

http {
${temporaryPaths()}    access_log /var/log/nginx/access.log;
    upstream backend {
${servers}
    }
    server {
        listen 80;
        location / {
            proxy_pass http://backend;
        }
    }
}
`;
}

function backendConf(name: string): string {
  return `user ${workerUser()};
worker_processes 1;
error_log /var/log/nginx/error.log;
pid /run/nginx.pid;
events {
    worker_connections 1024;
}
http {
${temporaryPaths()}    access_log off;
    server {
        listen 80;
        location / {
            default_type text/plain;
            return 200 "${name}\\n";
        }
    }
}
`;
}
