import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { executionText } from '@sanode/status';
import { attr, type Element, parseXml, walk } from '@sanode/xml';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { run } from './index.ts';

// Expected texts are those of the reference (2.1.5) for the same document.
const cib = `<cib crm_feature_set="3.16.1" validate-with="pacemaker-3.9" epoch="1" num_updates="0" admin_epoch="0" have-quorum="1" dc-uuid="1">
<configuration>
<crm_config><cluster_property_set id="o"><nvpair id="o1" name="stonith-enabled" value="false"/></cluster_property_set></crm_config>
<nodes><node id="1" uname="lb1"/><node id="2" uname="lb2"/></nodes>
<resources>
<primitive id="vip" class="ocf" provider="heartbeat" type="IPaddr2"><instance_attributes id="vip-ia"><nvpair id="vip-ip" name="ip" value="10.0.0.1"/></instance_attributes></primitive>
<group id="web"><primitive id="fs" class="ocf" provider="pacemaker" type="Dummy"/><primitive id="srv" class="ocf" provider="pacemaker" type="Dummy"/></group>
<clone id="ping-clone"><primitive id="ping" class="ocf" provider="pacemaker" type="Dummy"/></clone>
<primitive id="off" class="ocf" provider="pacemaker" type="Dummy"><meta_attributes id="off-m"><nvpair id="off-tr" name="target-role" value="Stopped"/></meta_attributes></primitive>
</resources>
<constraints>
<rsc_location id="loc1" rsc="web" node="lb2" score="50"/>
<rsc_colocation id="col1" rsc="off" with-rsc="web" score="INFINITY"/>
</constraints>
</configuration>
<status>${nodeState('1', ['vip', 'ping'], ['fs', 'srv', 'off'])}${nodeState('2', ['fs', 'srv', 'ping'], ['vip', 'off'])}</status>
</cib>`;

function nodeState(id: string, running: readonly string[], stopped: readonly string[]): string {
  const operation = (resource: string, task: string, code: number, call: number): string =>
    `<lrm_rsc_op id="${resource}_last_0" operation_key="${resource}_${task}_0" operation="${task}" crm_feature_set="3.16.1" ` +
    `transition-key="1:1:0:aa" transition-magic="0:${code};1:1:0:aa" call-id="${call}" rc-code="${code}" op-status="0" ` +
    `interval="0" last-rc-change="1790000000" exec-time="12" on_node="lb${id}"/>`;
  const history = (resource: string, body: string): string => {
    const agent = resource === 'vip' ? 'type="IPaddr2" provider="heartbeat"' : 'type="Dummy" provider="pacemaker"';
    return `<lrm_resource id="${resource}" class="ocf" ${agent}>${body}</lrm_resource>`;
  };
  const all = [
    ...running.map((each, at) => history(each, operation(each, 'start', 0, 10 + at))),
    ...stopped.map((each, at) => history(each, operation(each, 'monitor', 7, 1 + at))),
  ].join('');
  return (
    `<node_state id="${id}" uname="lb${id}" in_ccm="true" crmd="online" join="member" expected="member">` +
    `<lrm id="${id}"><lrm_resources>${all}</lrm_resources></lrm></node_state>`
  );
}

let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'crm-resource-'));
  file = join(folder, 'cib.xml');
  writeFileSync(file, cib);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function call(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  const outcome = { code: 0, out: '', err: '' };
  outcome.code = await run(argv, {
    stdout: (text) => {
      outcome.out += text;
    },
    stderr: (text) => {
      outcome.err += text;
    },
    readStdin: async () => '',
    env: { CIB_file: file },
    isTty: false,
    columns: 80,
  });
  return outcome;
}

function byId(id: string): Element | undefined {
  return [...walk(parseXml(readFileSync(file, 'utf8')))].find((each) => attr(each, 'id') === id);
}

const ok = (out: string) => ({ code: 0, out, err: '' });

describe('queries', () => {
  it('lists resources without their nodes', async () => {
    const { out } = await call('-L');
    expect(out).toContain(
      'Full List of Resources:\n  * vip\t(ocf:heartbeat:IPaddr2):\t Started\n  * Resource Group: web:\n',
    );
    expect(out).toContain('    * Started: [ lb1 lb2 ]\n  * off\t(ocf:pacemaker:Dummy):\t Stopped (disabled)\n');
    expect(await call()).toEqual(ok(out));
  });

  it('lists the ids of instances', async () => {
    expect(await call('-l')).toEqual(ok('vip\nfs\nsrv\nping:0\nping:1\noff\n'));
  });

  it('says where resources run, whole clones too', async () => {
    expect(await call('-W', '-r', 'vip')).toEqual(ok('resource vip is running on: lb1\n'));
    expect(await call('-W', '-Q', '-r', 'ping-clone')).toEqual(ok('lb2\nlb1\n'));
    expect(await call('-W', '-r', 'off')).toEqual({ code: 0, out: '', err: 'resource off is NOT running\n' });
  });

  it('shows operations in effect, filtered by node', async () => {
    const { out } = await call('-O', '-r', 'fs', '-N', 'lb2');
    expect(out).toContain(
      "fs\t(ocf:pacemaker:Dummy):\t Started: fs_start_0 (node=lb2, call=10, rc=0, last-rc-change='",
    );
    expect(out.endsWith(`', exec=12ms): ${executionText(0)}\n`)).toBe(true);
    expect(out.trim().split('\n')).toHaveLength(1);
  });

  it('prints the configuration below the state, in XML as CDATA', async () => {
    expect((await call('-q', '-r', 'ping:1')).out).toMatch(
      /^ping\t.* lb[12]\nResource XML:\n<primitive id="ping" .* clone="1"\/>\n$/,
    );
    expect((await call('-w', '-r', 'fs', '--output-as=xml')).out).toContain('    <xml><![CDATA[<primitive id="fs"');
  });

  it('shows constraints of the resource and of what it goes with', async () => {
    const own = 'Locations:\n  * Node lb2 (score=50, id=loc1, rsc=web)\n';
    expect(await call('-a', '-r', 'srv')).toEqual(
      ok(`${own}Resources colocated with web:\n  * off (score=INFINITY, id=col1)\n`),
    );
    expect(await call('-A', '-r', 'off')).toEqual(
      ok(
        'Resources off is colocated with:\n  * web (score=INFINITY, id=col1)\n' +
          '    * Locations:\n      * Node lb2 (score=50, id=loc1, rsc=web)\n',
      ),
    );
  });

  it('says why something does not run', async () => {
    expect(await call('-Y', '-r', 'off')).toEqual(
      ok("Resource off is not running\nConfiguration specifies 'off' should remain stopped\n"),
    );
    expect(await call('-Y', '-r', 'vip', '-N', 'lb2')).toEqual(ok('Resource vip is not running on host lb2\n'));
  });

  it('refuses what does not exist, and what is not there yet', async () => {
    const notFound = 'not found\nError performing operation: No such object\n';
    expect(await call('-W', '-r', 'nosuch')).toMatchObject({
      code: 105,
      err: `crm_resource: Resource 'nosuch' ${notFound}`,
    });
    expect(await call('-C', '-N', 'lb9')).toMatchObject({ code: 105, err: `crm_resource: Node 'lb9' ${notFound}` });
    expect(await call('-W')).toMatchObject({ code: 64, err: 'crm_resource: Must supply a resource id with -r\n' });
    expect(await call('--digests', '-r', 'vip')).toMatchObject({ code: 3 });
    expect(await call('--nosuch')).toMatchObject({ code: 64, err: 'crm_resource: Unknown option --nosuch\n' });
  });
});

describe('parameters', () => {
  it('sets, reads and deletes an instance attribute', async () => {
    expect(await call('-r', 'fs', '-p', 'fake', '-v', '3')).toEqual(
      ok("Set 'fs' option: id=fs-instance_attributes-fake set=fs-instance_attributes name=fake value=3\n"),
    );
    expect(await call('-r', 'fs', '-g', 'fake')).toEqual(ok('3\n'));
    expect(await call('-r', 'fs', '-p', 'fake', '-v', '4')).toEqual(
      ok("Set 'fs' option: id=fs-instance_attributes-fake name=fake value=4\n"),
    );
    expect(await call('-r', 'fs', '-d', 'fake')).toEqual(
      ok("Deleted 'fs' option: id=fs-instance_attributes-fake name=fake\n"),
    );
    expect(await call('-r', 'fs', '-d', 'fake')).toEqual(ok(''));
  });

  it('puts meta-attributes of what is cloned on the clone', async () => {
    expect(await call('-r', 'ping', '-m', '-p', 'target-role', '-v', 'Stopped')).toEqual(
      ok(
        "Performing update of 'target-role' on 'ping-clone', the parent of 'ping'\n" +
          "Set 'ping-clone' option: id=ping-clone-meta_attributes-target-role set=ping-clone-meta_attributes name=target-role value=Stopped\n",
      ),
    );
  });

  it('does not hide a meta-attribute behind an instance attribute of its name', async () => {
    const refused = await call('-r', 'off', '-p', 'target-role', '-v', 'x');
    expect(refused.code).toBe(109);
    expect(refused.err).toContain("There is already a meta attribute for 'off' called 'target-role' (id=off-tr)");
    expect(byId('off-instance_attributes')).toBeUndefined();
  });

  it('needs a value', async () => {
    const err = 'crm_resource: You need to supply a value with the -v option\n';
    expect(await call('-r', 'fs', '-p', 'x')).toEqual({ code: 64, out: '', err });
  });
});

describe('moving', () => {
  it('prefers the node that is named, and takes an old ban of it away', async () => {
    await call('-B', '-r', 'vip', '-N', 'lb2');
    expect(byId('cli-ban-vip-on-lb2')).toBeDefined();
    expect(await call('-M', '-r', 'vip', '-N', 'lb2')).toEqual(ok(''));
    expect(byId('cli-ban-vip-on-lb2')).toBeUndefined();
    expect(Object.fromEntries(byId('cli-prefer-vip')?.attributes ?? [])).toEqual({
      id: 'cli-prefer-vip',
      rsc: 'vip',
      role: 'Started',
      node: 'lb2',
      score: 'INFINITY',
    });
  });

  it('does not move where it is already', async () => {
    const err = 'crm_resource: Error performing operation: Requested item already exists\n';
    expect(await call('-M', '-r', 'vip', '-N', 'lb1')).toEqual({ code: 108, out: '', err });
    expect(byId('cli-prefer-vip')).toBeUndefined();
  });

  it('bans the only place, with a warning, and refuses to guess among several', async () => {
    const { out } = await call('-M', '-r', 'vip');
    expect(out).toMatch(/^WARNING: Creating rsc_location constraint 'cli-ban-vip-on-lb1' with a score of -INFINITY/);
    const several = await call('-B', '-r', 'ping-clone');
    expect(several).toMatchObject({ code: 64, out: '' });
    expect(several.err).toContain("Resource 'ping-clone' not moved: active in 2 locations.");
  });

  it('lets a ban end, replaces its form, and clears only what expired', async () => {
    await call('-B', '-r', 'vip', '-N', 'lb2');
    const { out } = await call('-B', '-r', 'vip', '-N', 'lb2', '-u', 'PT1H');
    expect(out).toMatch(/^Migration will take effect until: \d{4}-\d\d-\d\d \d\d:\d\d:\d\d/);
    expect(attr(byId('cli-ban-vip-on-lb2-rule') as Element, 'score')).toBe('-INFINITY');
    expect(attr(byId('cli-ban-vip-on-lb2') as Element, 'node')).toBeUndefined();
    expect(await call('-U', '-e')).toEqual(ok(''));
    expect(await call('-U', '-r', 'vip', '-N', 'lb1')).toEqual(ok(''));
    expect(await call('-U', '-r', 'vip')).toEqual(ok('Removing constraint: cli-ban-vip-on-lb2\n'));
  });

  it('refuses a lifetime that is none', async () => {
    const { code, err } = await call('-B', '-r', 'vip', '-N', 'lb1', '-u', 'bogus');
    expect(code).toBe(64);
    expect(err).toMatch(/^Invalid duration specified: bogus\n/);
    expect(byId('cli-ban-vip-on-lb1')).toBeUndefined();
  });

  it('says what a clean-up would do where there is only a file', async () => {
    const { err } = await call('-R', '-r', 'srv', '-N', 'lb2');
    expect(err).toBe(
      'Dry run: skipping clean-up of fs on lb2 due to CIB_file\nDry run: skipping clean-up of srv on lb2 due to CIB_file\n',
    );
  });
});
