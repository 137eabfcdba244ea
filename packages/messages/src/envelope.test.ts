import { element, printCompact } from '@sanode/xml';
import { describe, expect, it } from 'vitest';
import { Envelopes, messageData } from './envelope.ts';
import { compareVersions, featureSetsCompatible } from './versions.ts';

const wallMs = () => 1795337144_000;

describe('envelopes', () => {
  it('builds the captured join_request', () => {
    const envelopes = new Envelopes({ wallMs }, { featureSet: '3.16.1' });
    const message = envelopes.request({
      task: 'join_request',
      to: 'dc',
      from: 'crmd',
      host: 'lb1',
      origin: 'join_query_callback',
      attributes: { join_id: 1, crm_feature_set: '3.16.1' },
      data: element('generation_tuple', { epoch: 4 }),
    });
    expect(printCompact(message)).toBe(
      '<create_request_adv origin="join_query_callback" t="crmd" version="3.16.1" subt="request" reference="join_request-crmd-1795337144-0" crm_task="join_request" crm_sys_to="dc" crm_sys_from="crmd" crm_host_to="lb1" join_id="1" crm_feature_set="3.16.1"><crm_xml><generation_tuple epoch="4"/></crm_xml></create_request_adv>',
    );
    expect(messageData(message)?.name).toBe('generation_tuple');
  });

  it('swaps the ends in a reply, and names the root as the announced release does', () => {
    const envelopes = new Envelopes({ wallMs }, { featureSet: '3.20.5' });
    const request = envelopes.request({ task: 'ping', to: 'crmd', from: 'client', host: 'lb2', origin: 'x' });
    expect(request.name).toBe('message');
    const received = { ...request, attributes: new Map([...request.attributes, ['src', 'lb1']]) };
    expect(printCompact(envelopes.reply(received, 'handle_ping') ?? element('none'))).toBe(
      '<message origin="handle_ping" t="crmd" version="3.20.5" subt="response" reference="ping-client-1795337144-0" crm_task="ping" crm_sys_to="client" crm_sys_from="crmd" crm_host_to="lb1"/>',
    );
    expect(envelopes.reply(element('message', { crm_task: 'ping' }), 'handle_ping')).toBeUndefined();
  });
});

describe('feature sets', () => {
  it.each([
    ['3.16.1', '3.16.1', 0],
    ['3.16', '3.16.0', 0],
    ['3.9.9', '3.16.1', -1],
    ['3.20.5', '3.16.1', 1],
    ['3.16', '3.16.1', -1],
    ['', '0.1', -1],
  ])('%s against %s', (a, b, expected) => expect(compareVersions(a, b)).toBe(expected));

  it('lets newer join older, and no others', () => {
    expect(featureSetsCompatible('3.16.1', '3.20.5')).toBe(true);
    expect(featureSetsCompatible('3.16.9', '3.16.1')).toBe(true);
    expect(featureSetsCompatible('3.20.5', '3.16.1')).toBe(false);
    expect(featureSetsCompatible('3.1', '4.1')).toBe(false);
  });
});
