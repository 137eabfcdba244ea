import { exitCode } from '../../common/cib-exit.ts';
import { localNodeName } from '../../common/local-node.ts';
import { hasOption, lastValue, type OptionSpec, parseOptions } from '../../common/options.ts';
import { versionText } from '../../common/version.ts';
import type { ToolIo } from '../../io.ts';
import { run as runAttribute } from '../crm_attribute/index.ts';

const optionSpecs: readonly OptionSpec[] = [
  { name: 'help', short: '?', value: 'none' },
  { name: 'version', short: '$', value: 'none' },
  { name: 'verbose', short: 'V', value: 'none' },
  { name: 'query', short: 'G', aliases: ['get-value'], value: 'none' },
  { name: 'update', short: 'v', aliases: ['attr-value'], value: 'required' },
  { name: 'delete', short: 'D', aliases: ['delete-attr'], value: 'none' },
  { name: 'node', short: 'N', aliases: ['node-uname'], value: 'required' },
  { name: 'node-uname', short: 'U', value: 'required' },
  { name: 'lifetime', short: 'l', value: 'required' },
  { name: 'id', short: 'i', aliases: ['attr-id'], value: 'required' },
  { name: 'quiet', short: 'q', value: 'none' },
];

const helpText = `crm_standby - query or change whether a node is in standby

Usage: crm_standby [options]

  -G, --query             Print the value (default)
  -v, --update=VALUE      on or off
  -D, --delete            Remove the setting
  -N, --node=NODE         Node (default: this one)
  -l, --lifetime=VALUE    reboot or forever
  -i, --id=ID             Entry with this id
  -q, --quiet             Print the value alone
`;

/** crm_standby: a node's attribute `standby`, by way of crm_attribute (cli-crm.md 8). */
export async function run(argv: string[], io: ToolIo): Promise<number> {
  const parsed = parseOptions(argv, optionSpecs);
  if (!parsed.ok) {
    io.stderr(`crm_standby: unrecognized option '${parsed.word}'\n`);
    io.stdout(helpText);
    return exitCode.error;
  }
  const { given } = parsed;
  if (hasOption(given, 'help')) {
    io.stdout(helpText);
    return 0;
  }
  if (hasOption(given, 'version')) {
    io.stdout(versionText());
    return 0;
  }
  const node = lastValue(given, 'node') ?? lastValue(given, 'node-uname') ?? (await localNodeName(io));
  const lifetime = lastValue(given, 'lifetime');
  const id = lastValue(given, 'id');
  const base = ['-N', node, '-n', 'standby', ...(id === undefined ? [] : ['--id', id])];
  const quiet = hasOption(given, 'quiet') ? ['-q'] : [];
  const value = lastValue(given, 'update');
  if (value !== undefined) return runAttribute([...base, '-v', value, '--lifetime', lifetime ?? 'forever'], io);
  const withLifetime = lifetime === undefined ? [] : ['--lifetime', lifetime];
  if (hasOption(given, 'delete')) {
    if (lifetime !== undefined) return runAttribute([...base, '-D', ...withLifetime], io);
    const code = await runAttribute([...base, '-D', '--lifetime', 'forever'], io);
    return code !== 0 ? code : runAttribute([...base, '-D', '--lifetime', 'reboot'], io);
  }
  if (lifetime !== undefined) return runAttribute([...base, '-G', ...quiet, ...withLifetime], io);
  const silent: ToolIo = { ...io, stderr: () => {} };
  if ((await runAttribute([...base, '-G', ...quiet, '--lifetime', 'forever'], silent)) === 0) return 0;
  return runAttribute([...base, '-G', ...quiet, '--lifetime', 'reboot', '-d', 'off'], io);
}
