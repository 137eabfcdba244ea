import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ConfError,
  confAttribute,
  confSection,
  confSections,
  parseConfTree,
  parseCorosyncConf,
  parseUidgidFile,
  printConfTree,
  withConfAttribute,
  withConfSection,
} from './index.ts';

const system = {
  userId: (name: string) => (name === 'hacluster' ? 189 : undefined),
  groupId: (name: string) => (name === 'haclient' ? 190 : undefined),
};
const parse = (text: string) =>
  Object.fromEntries([...parseCorosyncConf(text, 'f', system)].map(([k, v]) => [k, v.value]));
const error = (text: string): string => {
  try {
    parse(text);
  } catch (thrown) {
    if (thrown instanceof ConfError) return thrown.message;
    throw thrown;
  }
  return 'no error';
};

const tutorial = `totem {
    version: 2
    cluster_name: ha_cluster
    secauth: off
    transport: udpu
}

nodelist {
    node {
        ring0_addr: lb1
        nodeid: 1
    }

    node {
        ring0_addr: lb2
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
    to_syslog: yes
}
`;

describe('keys', () => {
  it('reads the tutorial file', () => {
    expect(parse(tutorial)).toEqual({
      'totem.version': 2,
      'totem.cluster_name': 'ha_cluster',
      'totem.secauth': 'off',
      'totem.transport': 'udpu',
      'nodelist.node.0.ring0_addr': 'lb1',
      'nodelist.node.0.nodeid': 1,
      'nodelist.node.1.ring0_addr': 'lb2',
      'nodelist.node.1.nodeid': 2,
      'quorum.provider': 'corosync_votequorum',
      'quorum.two_node': 1,
      'logging.to_logfile': 'yes',
      'logging.logfile': '/var/log/cluster/corosync.log',
      'logging.to_syslog': 'yes',
    });
  });

  it('follows the line rules: # later is data, colons in values, CR, last duplicate wins, keys outside sections', () => {
    expect(parse('# x\r\nabc: a # b : c \r\nabc.d:\ntotem: {\n version : 2\n version: 3\n}')).toEqual({
      abc: 'a # b : c',
      'abc.d': '',
      'totem.version': 3,
    });
  });

  it('stores special sections at their place', () => {
    const keys = parse(`totem {
interface {
 mcastport: 5410
 linknumber: 3
 odd: 1
 member {
  memberaddr: 10.0.0.1
 }
}
}
logging {
 logger_subsys {
  debug: on
  subsys: TOTEM
 }
 logging_daemon {
  name: corosync
  timestamp: on
 }
 logging_daemon {
  name: qdevice
  subsys: X
  debug: on
 }
}
uidgid {
 uid: hacluster
 gid: 7
}
quorum {
 device {
  net {
   host: qd
  }
 }
}`);
    expect(keys).toEqual({
      'totem.interface.3.mcastport': 5410,
      'totem.interface.odd': '1',
      'totem.interface.3.member.0': '10.0.0.1',
      'logging.logger_subsys.TOTEM.debug': 'on',
      'logging.logger_subsys.TOTEM.subsys': 'TOTEM',
      'logging.timestamp': 'on',
      'logging.logging_daemon.qdevice.X.debug': 'on',
      'logging.logging_daemon.qdevice.X.subsys': 'X',
      'uidgid.config.uid.189': 1,
      'uidgid.config.gid.7': 1,
      'quorum.device.net.host': 'qd',
    });
  });

  it.each([
    [`${'x'.repeat(511)}`, 'parser error: f:1: Line too long'],
    ['\n{', "parser error: f:2: Missing section name before opening bracket '{'"],
    ['totem { x', "parser error: f:1: Extra characters after opening bracket '{'"],
    ['totem {\n} x', "parser error: f:2: Extra characters before or after closing bracket '}'"],
    ['}', 'parser error: f:1: Unexpected closing brace'],
    ['totem {\n\n', 'parser error: f:2: Missing closing brace'],
    ['hello', 'parser error: f:1: Line is not opening or closing section or key value'],
    ['a b c: 1', 'parser error: f:1: Can\'t store key "a b c" into icmap, returned error is CS_ERR_NAME_TOO_LONG'],
    [
      'totem {\ntoken: 1s\n}',
      'parser error: f:2: Value of key "totem.token" is expected to be integer in range (0..4294967295), but "1s" was given',
    ],
    [
      'quorum {\ntwo_node: 256\n}',
      'parser error: f:2: Value of key "quorum.two_node" is expected to be integer in range (0..255), but "256" was given',
    ],
    ['totem {\nip_version: 5\n}', 'parser error: f:2: Invalid ip_version type'],
    ['logging {\nlogger_subsys {\n}\n}', 'parser error: f:3: No subsys key in logger_subsys directive'],
    ['logging {\nlogging_daemon {\n}\n}', 'parser error: f:3: No name key in logging_daemon directive'],
    [
      'uidgid {\nuid: who\n}',
      "parser error: f:2: The 'who' user is not found in /etc/passwd, please read the documentation.",
    ],
    ['uidgid {\nx: y\n}', 'parser error: f:2: uidgid: Only uid and gid are allowed items'],
    [
      'totem {\ninterface {\nlinknumber: 8\n}\n}',
      'parser error: f:4: interface ring number 8 is bigger than allowed maximum 7',
    ],
  ])('refuses %j', (text, message) => {
    expect(error(text)).toBe(message);
  });

  it('allows only uidgid in uidgid.d', () => {
    expect([...parseUidgidFile('uidgid {\ngid: haclient\n}', 'u', system)]).toEqual([
      ['uidgid.config.gid.190', { type: 'u8', value: 1 }],
    ]);
    expect(() => parseUidgidFile('totem {\n}', 'u', system)).toThrow(
      "u:1: uidgid: Can't add subsection different than uidgid",
    );
  });

  it('throws nothing but ConfError on any text', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            fc.constantFrom('totem {', 'nodelist {', 'node {', 'interface {', '}', 'uid: x', 'token: 5'),
            fc.string(),
          ),
        ),
        (lines) => {
          try {
            parseCorosyncConf(lines.join('\n'), 'f', system);
          } catch (thrown) {
            expect(thrown).toBeInstanceOf(ConfError);
          }
        },
      ),
    );
  });
});

describe('tree', () => {
  it('prints what pcs wrote byte for byte', () => {
    expect(printConfTree(parseConfTree(tutorial))).toBe(tutorial);
  });

  it('edits attributes and sections', () => {
    const root = parseConfTree(tutorial);
    const totem = confSections(root, 'totem')[0];
    if (totem === undefined) throw new Error('no totem');
    const edited = withConfAttribute(withConfAttribute(totem, 'token', '1000'), 'secauth', undefined);
    const changed = withConfSection(
      withConfSection(root, totem, edited),
      undefined,
      confSection('system', { sched_rr: 'no' }),
    );
    const again = parseConfTree(printConfTree(changed));
    expect(confAttribute(confSections(again, 'totem')[0] ?? again, 'token')).toBe('1000');
    expect(confAttribute(confSections(again, 'totem')[0] ?? again, 'secauth')).toBeUndefined();
    expect(again.sections.map((section) => section.name)).toEqual(['totem', 'nodelist', 'quorum', 'logging', 'system']);
  });

  it('refuses to print what would read differently', () => {
    expect(() => printConfTree(confSection('', { a: 'x{' }))).toThrow("cannot hold 'a: x{'");
    expect(() => printConfTree(confSection('', { a: 'x\ny: z' }))).toThrow('cannot hold');
  });

  it('reads back any tree it prints', () => {
    const word = fc.stringMatching(/^[a-z][a-z0-9_.]{0,8}$/);
    const value = fc.stringMatching(/^[a-z0-9]([a-z0-9 :#/]{0,8}[a-z0-9])?$/);
    const leaf = fc.record({
      name: word,
      attributes: fc.array(fc.record({ name: word, value })),
      sections: fc.constant([]),
    });
    const node = fc.record({
      name: word,
      attributes: fc.array(fc.record({ name: word, value })),
      sections: fc.array(leaf),
    });
    fc.assert(
      fc.property(fc.array(node), (sections) => {
        const root = { name: '', attributes: [], sections };
        expect(parseConfTree(printConfTree(root))).toEqual(root);
      }),
    );
  });
});
