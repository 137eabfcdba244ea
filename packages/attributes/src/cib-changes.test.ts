import { parseXml } from '@sanode/xml';
import { expect, test } from 'vitest';
import { replacedStatus } from './cib-changes.ts';

function notify(operation: string, change: string, rc = 0): ReturnType<typeof parseXml> {
  return parseXml(
    `<notify cib_op="${operation}" cib_rc="${rc}"><cib_update_result><diff format="2">${change}</diff></cib_update_result></notify>`,
  );
}

const attribute = `<change operation="delete" path="/cib/status/node_state[@id='1']/transient_attributes[@id='1']"/>`;

test.each([
  ['cib_replace', attribute, 0, true],
  ['cib_erase', `<change operation="delete" path="/cib/configuration/nodes/node[@id='1']"/>`, 0, true],
  ['cib_replace', '<change operation="create" path="/cib"><status/></change>', 0, true],
  ['cib_replace', '<change operation="modify" path="/cib"/>', 0, false],
  ['cib_replace', `<change operation="delete" path="/cib/configuration/resources"/>`, 0, false],
  ['cib_modify', attribute, 0, false],
  ['cib_replace', attribute, -203, false],
])('%s with %s (rc %i): %s', (operation, change, rc, expected) => {
  expect(replacedStatus(notify(operation, change, rc))).toBe(expected);
});

test('a notification without a patchset is nothing', () => {
  expect(replacedStatus(parseXml('<notify cib_op="cib_replace" cib_rc="0"/>'))).toBe(false);
});
