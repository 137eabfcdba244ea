import { expect, it } from 'vitest';
import { run } from './index.ts';

async function verify(argv: string[], stdin: string): Promise<{ code: number; err: string }> {
  let err = '';
  const code = await run(argv, {
    stdout() {},
    stderr(text) {
      err += text;
    },
    readStdin: async () => stdin,
    env: {},
    isTty: false,
    columns: 80,
  });
  return { code, err };
}

const document = (schema: string, crmConfig: string, resources = ''): string =>
  `<cib validate-with="${schema}" admin_epoch="0" epoch="1" num_updates="0">\n<configuration>\n` +
  `<crm_config>${crmConfig}</crm_config>\n<nodes/>\n<resources>\n${resources}</resources>\n<constraints/>\n` +
  '</configuration>\n</cib>\n';

const unfenced =
  '<cluster_property_set id="c"><nvpair id="f" name="stonith-enabled" value="false"/></cluster_property_set>';

it('names element, line and what was expected', async () => {
  const wrong =
    '<primitive id="a" class="lsb"\n type="b" colour="red">\n<operations><op id="o" name="start"/></operations></primitive>\n';
  const { code, err } = await verify(['-p'], document('pacemaker-4.0', unfenced, wrong));
  expect(code).toBe(78);
  expect(err).toContain('Invalid attribute colour for element primitive (id a), at line 7\n');
  expect(err).toContain('Element op (id o) lacks attribute interval, at line 8\n');
});

it('checks a document of an older schema as it would be after its upgrade', async () => {
  const older = unfenced.replace('stonith-enabled', 'stonith_enabled');
  const { code, err } = await verify(['-p'], document('pacemaker-2.10', older));
  expect(err).toBe('DEBUG: Cluster properties: f: renaming stonith_enabled as stonith-enabled\n');
  expect(code).toBe(0);
});

it('refuses what no schema would take', async () => {
  const { code, err } = await verify(['-p', '-V'], document('pacemaker-9.9', unfenced));
  expect(code).toBe(78);
  expect(err).toContain('unknown validate-with');
});
