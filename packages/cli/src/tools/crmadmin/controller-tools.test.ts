import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type IpcServer, type IpcServerClient, listenXmlIpc, sendXmlEvent } from '@sanode/ipc';
import { Envelopes } from '@sanode/messages';
import { paths } from '@sanode/runtime';
import { attr, childElements, type Element, element, withAttributes } from '@sanode/xml';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ToolIo } from '../../io.ts';
import { run as attrdUpdater } from '../attrd_updater/index.ts';
import { run as crmNode } from '../crm_node/index.ts';
import { run as crmadmin } from './index.ts';

type Run = (argv: string[], io: ToolIo) => Promise<number>;

let folder: string;
const servers: IpcServer[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'crmadmin-'));
  vi.stubEnv('SANODE_RUN_DIR', folder);
});
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

async function call(tool: Run, argv: string[], env: Record<string, string> = {}) {
  const outcome = { code: 0, out: '', err: '' };
  outcome.code = await tool(argv, {
    stdout: (text) => {
      outcome.out += text;
    },
    stderr: (text) => {
      outcome.err += text;
    },
    readStdin: async () => '',
    env,
    isTty: false,
    columns: 80,
  });
  return outcome;
}

const envelopes = new Envelopes({ wallMs: () => 0 }, { featureSet: '3.16.1' });

/** A controller that knows lb1 (here) and lb2 (the DC), with lb3 gone. It answers as controller.md 10 says. */
async function startController(): Promise<Element[]> {
  const received: Element[] = [];
  const answer = (message: Element): { src: string; data: Element } | undefined => {
    switch (attr(message, 'crm_task')) {
      case 'ping': {
        const node = attr(message, 'crm_sys_to') === 'dc' ? 'lb2' : attr(message, 'crm_host_to');
        if (node !== 'lb1' && node !== 'lb2') return undefined;
        const state = node === 'lb2' ? 'S_IDLE' : 'S_NOT_DC';
        return { src: node, data: element('ping_response', { crmd_state: state, result: 'ok' }) };
      }
      case 'node-info': {
        const id = attr(message, 'id') ?? '1';
        const uname = ['lb1', 'lb2', 'lb3'][Number(id) - 1];
        return { src: 'lb1', data: element('node', { id, uname, 'have-quorum': 'true', remote_node: 'false' }) };
      }
      case 'list-nodes': {
        const node = (id: number, state: string): Element => element('node', { id, uname: `lb${id}`, in_ccm: state });
        return { src: 'lb1', data: element('nodes', {}, [node(3, 'lost'), node(1, 'member'), node(2, 'member')]) };
      }
      default:
        return undefined;
    }
  };
  const respond = (client: IpcServerClient, message: Element): void => {
    received.push(message);
    const found = answer(message);
    const reply = found && envelopes.reply(message, 'test', found.data);
    if (found !== undefined && reply !== undefined) sendXmlEvent(client, withAttributes(reply, { src: found.src }));
  };
  servers.push(
    await listenXmlIpc(
      { path: paths.socket('crmd'), mode: 0o600 },
      {
        request: (client, message, acknowledge) => {
          acknowledge(element('ack', { status: 112 }));
          respond(client, message);
        },
      },
    ),
  );
  return received;
}

describe('crmadmin', () => {
  it('names the designated controller and says hello before', async () => {
    const received = await startController();
    expect(await call(crmadmin, ['-D'])).toEqual({ code: 0, out: 'Designated Controller is: lb2\n', err: '' });
    expect(received.map((message) => attr(message, 'crm_task'))).toEqual(['hello', 'ping']);
    expect((await call(crmadmin, ['-D', '-q'])).out).toBe('lb2\n');
  });

  it('prints the state of a controller', async () => {
    await startController();
    expect((await call(crmadmin, ['-S', 'lb2'])).out).toBe('Controller on lb2 in state S_IDLE: ok\n');
    expect((await call(crmadmin, ['-S', 'lb1', '--output-as=xml'])).out).toContain(
      '<crmd node_name="lb1" state="S_NOT_DC" result="ok"/>',
    );
  });

  it('ends with 124 when nobody answers in time', async () => {
    await startController();
    const err =
      'error: No reply received from controller before timeout (50ms)\nerror: Command failed: Connection timed out\n';
    expect(await call(crmadmin, ['-S', 'nosuch', '-t', '50ms'])).toEqual({ code: 124, out: '', err });
  });

  it('ends with 102 when there is no cluster, for the launcher too', async () => {
    const err = (daemon: string): string =>
      `error: Could not connect to ${daemon}: Connection refused\nerror: Command failed: Connection refused\n`;
    expect(await call(crmadmin, ['-D'])).toEqual({ code: 102, out: '', err: err('controller') });
    expect(await call(crmadmin, ['-P'])).toEqual({ code: 102, out: '', err: err('launcher') });
  });

  it('wants exactly one command, and a time that is one', async () => {
    expect((await call(crmadmin, [])).err).toMatch(/^error: Must specify a command option\n/);
    expect(await call(crmadmin, ['-D', '-t', 'x'])).toEqual({
      code: 64,
      out: '',
      err: 'crmadmin: Error parsing option -t\n',
    });
  });
});

describe('crm_node', () => {
  it('lists nodes by id, and the members of the partition', async () => {
    await startController();
    expect((await call(crmNode, ['-l'])).out).toBe('1 lb1 member\n2 lb2 member\n3 lb3 lost\n');
    expect((await call(crmNode, ['-p'])).out).toBe('lb1 lb2 \n');
    expect((await call(crmNode, ['-q'])).out).toBe('1\n');
    expect((await call(crmNode, ['-i'])).out).toBe('1\n');
  });

  it('knows names by id, and its own from the executor without asking anybody', async () => {
    expect(await call(crmNode, ['-n'], { OCF_RESKEY_CRM_meta_on_node: 'lb7' })).toEqual({
      code: 0,
      out: 'lb7\n',
      err: '',
    });
    await startController();
    expect((await call(crmNode, ['-N', '2'])).out).toBe('lb2\n');
    expect(await call(crmNode, ['-N', '9'])).toEqual({ code: 68, out: '', err: 'Node is not known to cluster\n' });
  });

  it('forgets no node without --force, and none that is active', async () => {
    const received = await startController();
    expect(await call(crmNode, ['-R', 'lb3'])).toMatchObject({ code: 64 });
    expect(await call(crmNode, ['-R', 'lb2', '--force'])).toMatchObject({ code: 107 });
    expect(received.map((message) => attr(message, 'crm_task'))).not.toContain('rm_node_cache');
  });
});

describe('attrd_updater', () => {
  async function startAttrd(values: Record<string, string>): Promise<Element[]> {
    const received: Element[] = [];
    servers.push(
      await listenXmlIpc(
        { path: paths.socket('attrd'), mode: 0o600 },
        {
          request: (_client, message, respond) => {
            received.push(message);
            const host = attr(message, 'attr_host');
            const nodes = Object.entries(values)
              .filter(([name]) => host === undefined || host === name)
              .map(([name, value]) => element('node', { attr_host: name, attr_value: value }));
            const query = attr(message, 'task') === 'query' && attr(message, 'attr_name') === 'zz';
            respond(element(query ? 'build_query_reply' : 'ack', {}, query ? nodes : []));
          },
        },
      ),
    );
    return received;
  }

  it('prints values of all nodes, or of one', async () => {
    await startAttrd({ lb1: '5', lb2: '7' });
    expect((await call(attrdUpdater, ['-n', 'zz', '-Q'])).out).toBe(
      'name="zz" host="lb1" value="5"\nname="zz" host="lb2" value="7"\n',
    );
    expect((await call(attrdUpdater, ['-n', 'zz', '-Q', '-N', 'lb2'])).out).toBe('name="zz" host="lb2" value="7"\n');
    expect((await call(attrdUpdater, ['-n', 'zz', '-Q', '-N', 'lb3'])).out).toBe('name="zz" host="lb3" value=""\n');
    expect(await call(attrdUpdater, ['-n', 'nosuch'])).toEqual({
      code: 78,
      out: '',
      err: 'attrd_updater: Could not query value of nosuch: attribute does not exist\n',
    });
  });

  it('sends updates, dampening and sets', async () => {
    const received = await startAttrd({});
    expect(await call(attrdUpdater, ['-n', 'a', '-U', '1', '-N', 'lb2', '-d', '5', '-s', 'own', '-p'])).toMatchObject({
      code: 0,
    });
    await call(attrdUpdater, ['-n', 'a', '-D']);
    await call(attrdUpdater, ['-n', 'a', '-Y', '-d', '2']);
    const sent = received.map((message) => Object.fromEntries(message.attributes));
    expect(sent[0]).toMatchObject({
      task: 'update',
      attr_name: 'a',
      attr_value: '1',
      attr_host: 'lb2',
      attr_dampening: '5000ms',
      attr_set: 'own',
      attr_is_private: '1',
    });
    expect(sent[1]).not.toHaveProperty('attr_value');
    expect(sent[2]).toMatchObject({ task: 'update-delay', attr_dampening: '2000ms' });
    expect(received.flatMap((message) => childElements(message))).toEqual([]);
  });

  it('warns about a missing delay, refuses nonsense, and says when attrd is not there', async () => {
    expect(await call(attrdUpdater, ['-Q'])).toMatchObject({
      code: 64,
      err: 'attrd_updater: Command requires --name argument\n',
    });
    expect(await call(attrdUpdater, ['-n', 'x', '-Q'])).toMatchObject({
      code: 102,
      err: 'attrd_updater: Could not connect to attrd: Connection refused\n',
    });
    expect(await call(attrdUpdater, ['-n', 'x', '-B', '5'])).toEqual({
      code: 102,
      out: "Warning: 'B' command given without required --delay\n",
      err: 'attrd_updater: Could not update x=5: Connection refused (111)\n',
    });
  });
});
