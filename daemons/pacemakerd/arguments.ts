import { connectIpc } from '@sanode/ipc';
import { announcedRelease, paths } from '@sanode/runtime';

const exitUsage = 64;
const exitUnavailable = 69;

const help = `Usage: pacemakerd [OPTION]

Starts the daemons of this node's cluster manager and watches over them.
It is the service manager's to start: systemctl start pacemaker

  -f, --foreground   stay in the foreground, as it always does
  -F, --features     print the release that is announced, and end
  -$, --version      print the version, and end
  -?, --help         print this, and end
`;

/** What is printed instead of starting anything, and with which exit code. */
export interface Answer {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Reads the command line. @returns undefined when the daemon is to start */
export function answerArguments(args: readonly string[]): Answer | undefined {
  for (const arg of args) {
    if (arg === '-f' || arg === '--foreground') continue;
    if (arg === '-?' || arg === '-h' || arg === '--help') return { exitCode: 0, stdout: help, stderr: '' };
    const { featureSet, pacemakerVersion } = announcedRelease();
    if (arg === '-$' || arg === '--version') {
      return { exitCode: 0, stdout: `Pacemaker ${pacemakerVersion}\n`, stderr: '' };
    }
    if (arg === '-F' || arg === '--features') {
      return { exitCode: 0, stdout: `Pacemaker ${pacemakerVersion}\n Supporting v${featureSet}\n`, stderr: '' };
    }
    return { exitCode: exitUsage, stdout: '', stderr: `pacemakerd: unknown option: ${arg}\n\n${help}` };
  }
  return undefined;
}

/** Refuses to start beside another one that answers on this node: both would command the same daemons. */
export async function answerOtherOne(socketPath = paths.socket('pacemakerd')): Promise<Answer | undefined> {
  try {
    const client = await connectIpc({ path: socketPath });
    client.close();
  } catch {
    return undefined;
  }
  const stderr = 'pacemakerd: another one runs on this node already; stop it first: systemctl stop pacemaker\n';
  return { exitCode: exitUnavailable, stdout: '', stderr };
}
