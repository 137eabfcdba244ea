import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseExecLine } from './src/systemctl/exec-line.ts';
import { Manager, managerOptions } from './src/systemctl/manager.ts';
import { processesOf } from './src/systemctl/processes.ts';
import { makeUnit, spanMs } from './src/systemctl/unit-file.ts';

const node = process.execPath;
const runtime = fileURLToPath(new URL('../../packages/runtime/src/index.ts', import.meta.url));

let base: string;
let manager: Manager;

/** Writes a unit with a program in JavaScript (`SCRIPT` in the text). */
function unit(name: string, text: string, script = ''): void {
  const file = join(base, `${name}.mjs`);
  writeFileSync(file, script);
  writeFileSync(join(base, 'units', `${name}.service`), text.replace('SCRIPT', `${node} ${file}`));
}

async function until(holds: () => Promise<boolean>, limitMs = 10_000): Promise<void> {
  const deadline = Date.now() + limitMs;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error('it did not come true in time');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const show = async (name: string, property: string): Promise<string> =>
  (await manager.run(['show', `--property=${property}`, '--value', name])).stdout.trim();

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'systemctl-'));
  mkdirSync(join(base, 'units'));
  manager = new Manager(managerOptions({ SANODE_SYSTEMCTL_DIR: base, SANODE_UNIT_PATH: join(base, 'units') }));
});
afterEach(async () => {
  const list = await manager.run(['list-unit-files']);
  for (const line of list.stdout.split('\n'))
    if (line !== '') await manager.run(['stop', line.split(' ')[0] as string]);
  rmSync(base, { recursive: true, force: true });
});

const notifying = `import { notifyReady } from '${runtime}';
setTimeout(() => notifyReady(), 150); setInterval(() => {}, 1000); process.on('SIGTERM', () => process.exit(0));`;

describe('systemctl of the lab', () => {
  it('awaits the readiness that a service of type notify tells', async () => {
    unit('ready', '[Service]\nType=notify\nExecStart=SCRIPT\n', notifying);
    unit('silent', '[Service]\nType=notify\nTimeoutStartSec=1\nExecStart=SCRIPT\n', 'setInterval(() => {}, 1000);');
    const began = Date.now();
    expect(await manager.run(['start', 'ready'])).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(Date.now() - began).toBeGreaterThanOrEqual(150);
    expect((await manager.run(['is-active', 'ready'])).stdout).toBe('active\n');
    const failed = await manager.run(['start', 'silent']);
    expect(failed.code).toBe(1);
    expect(failed.stderr).toContain('timed out');
    expect(await show('silent', 'Result')).toBe('timeout');
  });

  it('starts what is required first, and stops it last', async () => {
    const order = join(base, 'order');
    const script = (name: string): string =>
      `import { appendFileSync } from 'node:fs'; appendFileSync('${order}', '+${name} ');
       process.on('SIGTERM', () => { appendFileSync('${order}', '-${name} '); process.exit(0); });
       ${notifying.replace(/process\.on.*$/m, '')}`;
    unit(
      'ring',
      '[Service]\nType=notify\nExecStart=SCRIPT\n',
      `${notifying.split('\n')[0]}\n${script('ring').replace(notifying.split('\n')[0] as string, '')}`,
    );
    unit(
      'manager',
      '[Unit]\nRequires=ring.service\nAfter=ring.service\n[Service]\nType=notify\nExecStart=SCRIPT\n',
      `${notifying.split('\n')[0]}\n${script('manager').replace(notifying.split('\n')[0] as string, '')}`,
    );
    expect((await manager.run(['start', 'manager'])).code).toBe(0);
    expect((await manager.run(['stop', 'ring'])).code).toBe(0);
    expect(readFileSync(order, 'utf8')).toBe('+ring +manager -manager -ring ');
    expect((await manager.run(['is-active', 'manager'])).code).toBe(3);
  });

  it('refuses to start when what is required fails', async () => {
    unit('bad', '[Service]\nType=oneshot\nExecStart=/bin/false\n');
    unit(
      'needy',
      '[Unit]\nRequires=bad.service\nAfter=bad.service\n[Service]\nExecStart=SCRIPT\n',
      'setInterval(() => {}, 1000);',
    );
    const answer = await manager.run(['start', 'needy']);
    expect(answer.code).toBe(1);
    expect(answer.stderr).toContain('A dependency job for needy.service failed');
    expect((await manager.run(['start', 'nosuch'])).code).toBe(5);
  });

  it('restarts on failure, up to its limit', async () => {
    const text =
      '[Unit]\nStartLimitBurst=3\nStartLimitIntervalSec=60\n[Service]\nExecStart=SCRIPT\nRestart=on-failure\nRestartSec=10ms\n';
    unit('crash', text, 'process.exit(7);');
    await manager.run(['start', 'crash']);
    await until(async () => (await show('crash', 'Result')) === 'start-limit-hit');
    expect(await show('crash', 'ActiveState')).toBe('failed');
    unit('clean', '[Service]\nExecStart=SCRIPT\nRestart=on-failure\n', '');
    await manager.run(['start', 'clean']);
    await until(async () => (await show('clean', 'ActiveState')) === 'inactive');
    expect(await show('clean', 'NRestarts')).toBe('0');
  });

  it('restarts a main process that was killed', async () => {
    unit('killed', '[Service]\nType=notify\nExecStart=SCRIPT\nRestart=on-failure\nRestartSec=10ms\n', notifying);
    await manager.run(['start', 'killed']);
    const first = Number(await show('killed', 'MainPID'));
    process.kill(first, 'SIGKILL');
    await until(
      async () => (await show('killed', 'NRestarts')) === '1' && (await show('killed', 'ActiveState')) === 'active',
    );
    expect(Number(await show('killed', 'MainPID'))).not.toBe(first);
  });

  it('restarts what requires a service along with it, and nothing that was stopped', async () => {
    unit('ring', '[Service]\nType=notify\nExecStart=SCRIPT\nRestart=on-failure\nRestartSec=10ms\n', notifying);
    const above = '[Unit]\nRequires=ring.service\nAfter=ring.service\n[Service]\nType=notify\nExecStart=SCRIPT\n';
    unit('manager', above, notifying);
    unit('stopped', above, notifying);
    await manager.run(['start', 'manager', 'stopped']);
    await manager.run(['stop', 'stopped']);
    const before = await show('manager', 'MainPID');
    process.kill(Number(await show('ring', 'MainPID')), 'SIGKILL');
    await until(async () => {
      const pid = await show('manager', 'MainPID');
      return pid !== before && pid !== '0' && (await show('manager', 'ActiveState')) === 'active';
    });
    expect(await show('ring', 'NRestarts')).toBe('1');
    expect(await show('stopped', 'ActiveState')).toBe('inactive');
  });

  it.each([
    ['control-group', 0],
    ['process', 1],
  ])('with KillMode=%s leaves %i children behind', async (mode, left) => {
    const child = `import { spawn } from 'node:child_process'; import { writeFileSync } from 'node:fs';
      const child = spawn('/bin/sleep', ['60'], { detached: true, stdio: 'ignore' });
      writeFileSync('${join(base, 'child')}', child.pid + ' ' + process.env.INVOCATION_ID); child.unref(); setInterval(() => {}, 1000);`;
    unit('parent', `[Service]\nExecStart=SCRIPT\nKillMode=${mode}\n`, child);
    await manager.run(['start', 'parent']);
    let words: string[] = [];
    await until(async () => {
      try {
        words = readFileSync(join(base, 'child'), 'utf8').split(' ');
      } catch {}
      return words.length === 2;
    });
    expect((await manager.run(['stop', 'parent'])).code).toBe(0);
    const alive = processesOf(words[1] as string);
    expect(alive).toHaveLength(left);
    for (const pid of alive) process.kill(pid, 'SIGKILL');
  });

  it('kills what does not stop in time', async () => {
    const text = '[Service]\nExecStart=SCRIPT\nTimeoutStopSec=300ms\nType=notify\n';
    unit('stubborn', text, notifying.replace('process.exit(0)', '0'));
    await manager.run(['start', 'stubborn']);
    await manager.run(['stop', 'stubborn']);
    expect(await show('stubborn', 'ActiveState')).toBe('failed');
    expect(await show('stubborn', 'MainPID')).toBe('0');
  });

  it('keeps what is enabled over a reboot and starts it at boot', async () => {
    unit('boots', '[Service]\nType=notify\nExecStart=SCRIPT\n[Install]\nWantedBy=multi-user.target\n', notifying);
    expect((await manager.run(['is-enabled', 'boots'])).stdout).toBe('disabled\n');
    expect((await manager.run(['enable', 'boots'])).code).toBe(0);
    const rebooted = new Manager(managerOptions({ SANODE_SYSTEMCTL_DIR: base, SANODE_UNIT_PATH: join(base, 'units') }));
    expect((await rebooted.run(['lab-boot'])).code).toBe(0);
    expect((await rebooted.run(['is-active', 'boots'])).stdout).toBe('active\n');
    await rebooted.run(['stop', 'boots']);
    await rebooted.run(['disable', 'boots']);
    expect((await rebooted.run(['is-enabled', 'boots'])).code).toBe(1);
  });

  it('honours environment files, ExecStartPre and conditions', async () => {
    writeFileSync(join(base, 'env'), '# options\nOPTIONS="--one --two"\nOTHER=x y\n');
    const out = join(base, 'out');
    unit(
      'env',
      `[Unit]\nConditionPathExists=!${base}/off\n[Service]\nType=oneshot\nEnvironment="A=1 2" B=3\nEnvironmentFile=-${base}/missing\nEnvironmentFile=-${base}/env\nExecStartPre=-/bin/false\nExecStart=SCRIPT $OPTIONS \${OTHER}\n`,
      `import { writeFileSync } from 'node:fs'; writeFileSync('${out}', JSON.stringify([process.argv.slice(2), process.env.A, process.env.B]));`,
    );
    expect((await manager.run(['start', 'env'])).code).toBe(0);
    expect(JSON.parse(readFileSync(out, 'utf8'))).toEqual([['--one', '--two', 'x y'], '1 2', '3']);
    rmSync(out);
    writeFileSync(join(base, 'off'), '');
    expect((await manager.run(['start', 'env'])).code).toBe(0);
    expect(() => readFileSync(out)).toThrow();
  });

  it('reads our own units', async () => {
    const { readdirSync } = await import('node:fs');
    const daemons = fileURLToPath(new URL('../../daemons', import.meta.url));
    for (const name of readdirSync(daemons)) {
      for (const file of readdirSync(join(daemons, name)).filter((entry) => entry.endsWith('.service'))) {
        const parsed = makeUnit(file, file, [readFileSync(join(daemons, name, file), 'utf8')]);
        const line = parseExecLine(parsed.value('Service', 'ExecStart') ?? '', {});
        expect(line.argv[0]).toMatch(/^\/usr\/sbin\//);
      }
    }
  });

  it('reads time spans', () => {
    expect(spanMs('30min')).toBe(1_800_000);
    expect(spanMs('1min 30s')).toBe(90_000);
    expect(spanMs('5')).toBe(5000);
    expect(spanMs('100ms')).toBe(100);
    expect(() => spanMs('soon')).toThrow();
  });
});
