import { confAttribute } from '@sanode/conf';
import type { Command, PcsContext } from '../context.ts';
import { readCorosyncConf } from '../corosync-conf.ts';
import { fail, usage } from '../errors.ts';
import { quorumStatus } from './status.ts';

const shown = ['auto_tie_breaker', 'last_man_standing', 'last_man_standing_window', 'wait_for_all'];

async function showQuorum(context: PcsContext): Promise<void> {
  const conf = await readCorosyncConf(context.deps.files.corosyncConf);
  const quorum = conf.sections.find((section) => section.name === 'quorum');
  context.print('Options:');
  for (const name of shown) {
    const value = quorum === undefined ? undefined : confAttribute(quorum, name);
    if (value !== undefined) context.print(` ${name}: ${value}`);
  }
}

async function expectedVotes(context: PcsContext, words: readonly string[]): Promise<void> {
  const [votes] = words;
  if (words.length !== 1) usage();
  if (votes === undefined || !/^[1-9]\d{0,5}$/.test(votes)) fail(`'${votes}' is not a valid number of expected votes`);
  const { code, stdout, stderr } = await context.deps.tool('corosync-quorumtool', ['-e', votes as string]);
  if (code !== 0) fail(`Unable to set expected votes: ${stderr.trim() || stdout.trim()}`);
}

async function unblock(context: PcsContext): Promise<void> {
  const get = await context.deps.tool('corosync-cmapctl', ['-g', 'runtime.votequorum.wait_for_all_status']);
  if (get.code !== 0) fail('unable to check quorum status');
  if (get.stdout.split('=').at(-1)?.trim() !== '1') fail('cluster is not waiting for nodes to establish quorum');
  if (!context.force) {
    fail(
      'unblocking makes this node run resources although others may run them too; if they are off, repeat with --force',
    );
  }
  const set = await context.deps.tool('corosync-cmapctl', ['-s', 'quorum.cancel_wait_for_all', 'u8', '1']);
  if (set.code !== 0) fail('unable to cancel waiting for nodes');
  context.say('Quorum unblocked');
  context.say('Waiting for nodes canceled');
}

/** `pcs quorum …` (cli-pcs.md 14). */
export const quorumCommands: Readonly<Record<string, Command>> = {
  config: { options: [], usage: '    [config]\n        Show quorum options.\n', run: showQuorum },
  status: { options: [], usage: '    status\n        Show the state of quorum.\n', run: quorumStatus },
  'expected-votes': { options: [], usage: '    expected-votes <votes>\n', run: expectedVotes },
  unblock: { options: ['force'], usage: '    unblock [--force]\n', run: unblock },
};
