import { addressNames, ClusterConfigError, interpretConf } from '@sanode/cluster';
import { ConfError, parseConfTree, parseCorosyncConf, printConfTree } from '@sanode/conf';
import type { SimRandom } from '@sanode/sim';
import { mutated } from './mutate.ts';
import type { FuzzTarget, FuzzTargetKind } from './target.ts';

const good = `totem {
    version: 2
    cluster_name: ha
    transport: udpu
    token: 1000
    interface {
        linknumber: 0
        mcastport: 5405
    }
}
nodelist {
    node {
        ring0_addr: 10.0.0.1
        name: lb1
        nodeid: 1
    }
    node {
        ring0_addr: 10.0.0.2
        nodeid: 2
    }
}
quorum {
    provider: corosync_votequorum
    two_node: 1
}
logging {
    to_logfile: yes
    logfile: /var/log/cluster/corosync.log
    logger_subsys {
        subsys: QUORUM
        debug: on
    }
}
`;
const pieces = ['{', '}', ':', '\n', '\0', '#', ' ', '\t', '-1', '4294967296', '..', '\u00e9', '__proto__: 1\n'];
const blocks = [
  'totem {\n',
  'node {\n',
  'interface {\n',
  'transport: udp\n',
  'nodeid: 0\n',
  'token: 0\n',
  'netmtu: 1\n',
];
const system = { userId: () => undefined, groupId: () => undefined };
const machine = { hostname: 'lb1', addresses: ['10.0.0.1'] };

/** corosync.conf with changes of bytes and of words. */
class ConfTarget implements FuzzTarget {
  readonly #random: SimRandom;
  readonly #counters = { read: 0, refused: 0, printed: 0 };

  constructor(random: SimRandom) {
    this.#random = random;
  }

  next(): void {
    const text = this.#text();
    try {
      const keys = parseCorosyncConf(text, 'corosync.conf', system);
      interpretConf(keys, { ...machine, resolved: new Map(addressNames(keys).map((name) => [name, name])) });
      this.#counters.read += 1;
    } catch (error) {
      if (!(error instanceof ConfError || error instanceof ClusterConfigError) || error.message === '') throw error;
      this.#counters.refused += 1;
    }
    try {
      printConfTree(parseConfTree(text, 'corosync.conf'));
      this.#counters.printed += 1;
    } catch (error) {
      if (!(error instanceof ConfError)) throw error;
    }
  }

  counters(): Readonly<Record<string, number>> {
    return { ...this.#counters };
  }

  finish(): void {
    parseCorosyncConf(good, 'corosync.conf', system);
  }

  #text(): string {
    const random = this.#random;
    if (random.below(3) === 0) return mutated(random, [Buffer.from(good)]).toString('utf8');
    let text = good;
    for (let changes = 1 + random.below(4); changes > 0; changes -= 1) {
      const at = random.below(text.length);
      text = text.slice(0, at) + random.pick([...pieces, ...blocks]) + text.slice(at + random.below(12));
    }
    return text;
  }
}

export const confTarget: FuzzTargetKind = { name: 'corosync.conf', make: (random) => new ConfTarget(random) };
