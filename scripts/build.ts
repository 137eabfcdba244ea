// Bundles every daemon and tool: dist/bin/NAME is an executable with an absolute interpreter and a compile cache, so
// that a tool starts in a fraction of what loading its sources takes (agents call some several times an operation).
import { existsSync } from 'node:fs';
import { chmod, copyFile, mkdir, readdir, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { relaxNgFiles } from '../packages/cib/src/schema/relax-ng.ts';
import { toolNames } from '../packages/cli/src/main.ts';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
/** Packages that stay outside the bundles (native, or broken by bundling), and who declares each as its dependency. */
const externalPackages: Readonly<Record<string, string>> = {
  koffi: 'packages/ipc',
  netlink: 'agents/IPaddr2',
  // Its modules register themselves at load time, in an order that bundling changes.
  '@peculiar/x509': 'daemons/pcsd',
};

// Bundled CommonJS dependencies ask for require() and __filename, which modules do not have.
const banner = `import { createRequire as sanodeCreateRequire } from 'node:module';
const require = sanodeCreateRequire(import.meta.url);`;

/**
 * V8's flag for the ring's process; the kernel passes a script's interpreter one argument and no more. With V8's helper
 * threads a message of 40 kB took three times the CPU time at load 9 on two cores, with --single-threaded-gc 6 % more at
 * load 5 (one run each). It was not measured on a machine with nothing else to do.
 */
const ringFlag = ' --single-threaded';

/** Where a build goes and how its programs find each other. */
export interface BuildOptions {
  /** Folder that is replaced. */
  outDir: string;
}

/** Builds everything. @returns names of the executables in `outDir`/bin */
export async function buildAll(options: BuildOptions): Promise<string[]> {
  const { outDir } = options;
  await rm(outDir, { recursive: true, force: true });
  const daemons = (await readdir(join(root, 'daemons'))).filter((name) =>
    existsSync(join(root, 'daemons', name, 'main.ts')),
  );
  const agents = (await readdir(join(root, 'agents'))).filter((name) =>
    existsSync(join(root, 'agents', name, 'main.ts')),
  );
  const entryPoints: Record<string, string> = { cli: join(root, 'packages/cli/src/main.ts') };
  for (const name of daemons) entryPoints[`daemon-${name}`] = join(root, 'daemons', name, 'main.ts');
  for (const name of agents) entryPoints[`agent-${name}`] = join(root, 'agents', name, 'main.ts');
  entryPoints['lab-systemctl'] = join(root, 'test/lab/src/systemctl.ts');
  const worker = join(root, 'daemons/lrmd/worker.ts');
  if (existsSync(worker)) entryPoints['daemon-lrmd-worker'] = worker;
  await build({
    entryPoints,
    outdir: join(outDir, 'lib'),
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    external: Object.keys(externalPackages),
    banner: { js: banner },
    legalComments: 'external',
    logLevel: 'warning',
  });
  await mkdir(join(outDir, 'node_modules'), { recursive: true });
  for (const [name, folder] of Object.entries(externalPackages)) {
    await mkdir(dirname(join(outDir, 'node_modules', name)), { recursive: true });
    await symlink(await realpath(join(root, folder, 'node_modules', name)), join(outDir, 'node_modules', name));
  }
  await writeFile(join(outDir, 'package.json'), '{ "type": "module" }\n');
  const names: string[] = [];
  const write = async (folder: string, name: string, library: string, flags = ''): Promise<void> => {
    await mkdir(join(outDir, folder), { recursive: true });
    const file = join(outDir, folder, name);
    await writeFile(file, launcher(outDir, library, flags));
    await chmod(file, 0o755);
    if (folder === 'bin') names.push(name);
  };
  for (const name of daemons) {
    await write('bin', name, `daemon-${name}`, name === 'corosync' ? ringFlag : '');
    await writeFile(
      join(outDir, 'bin', `${name}.mjs`),
      `await import('${join(outDir, 'lib', `daemon-${name}.mjs`)}');\n`,
    );
  }
  for (const name of toolNames()) await write('bin', name, 'cli');
  for (const name of agents) {
    const provider = name === 'Dummy' ? 'pacemaker' : 'heartbeat';
    await write(`usr-lib/ocf/resource.d/${provider}`, name, `agent-${name}`);
  }
  // For lab machines only, which have no systemd.
  await write('lab-bin', 'systemctl', 'lab-systemctl');
  const unitDir = join(outDir, 'usr-lib', 'systemd', 'system');
  await mkdir(unitDir, { recursive: true });
  for (const name of daemons) {
    for (const file of await readdir(join(root, 'daemons', name))) {
      if (file.endsWith('.service')) await copyFile(join(root, 'daemons', name, file), join(unitDir, file));
    }
  }
  // Where editors, crmsh and others look for the grammars.
  const schemaDir = join(outDir, 'share', 'pacemaker');
  await mkdir(schemaDir, { recursive: true });
  for (const [name, content] of relaxNgFiles()) await writeFile(join(schemaDir, name), content);
  return names;
}

function launcher(outDir: string, library: string, flags: string): string {
  const isTool = library === 'cli';
  return `#!${process.execPath}${flags}
// sanode launcher
import { enableCompileCache } from 'node:module';
enableCompileCache('${join(outDir, 'cache')}');
process.env['SANODE_DAEMON_DIR'] ??= '${join(outDir, 'bin')}';
const program = await import('${join(outDir, 'lib', `${library}.mjs`)}');
${isTool ? 'process.exitCode = await program.runProcess();\n' : ''}`;
}

/** `npm run build`. */
export async function run(): Promise<number> {
  const names = await buildAll({ outDir: join(root, 'dist') });
  console.log(`built ${names.length} programs in dist/bin`);
  return 0;
}
