import { readFileSync } from 'node:fs';
import { silentLogger } from '@sanode/runtime';
import { haveShared, sharedPath } from '@sanode/runtime/testing';
import type { ControllerState } from '@sanode/transition';
import { describe, expect, it } from 'vitest';
import { type ActionHandler, Fsa } from './fsa.ts';
import { actionOrder, type FsaAction, type FsaInput, fsaCell, fsaInputs } from './fsa-tables.ts';

describe.skipIf(!haveShared())('the tables', () => {
  it('say what controller.md 4.3 says, cell by cell', () => {
    const text = readFileSync(sharedPath('spec', 'controller.md'), 'utf8');
    const section = text.slice(text.indexOf('### 4.3'), text.indexOf('### 4.4'));
    let input = '';
    let cells = 0;
    for (const line of section.split('\n')) {
      input = /^#### (I_\w+)/.exec(line)?.[1] ?? input;
      const row = /^\| ([A-Z_, ]+) \| (\w+) \| (.+) \|$/.exec(line);
      if (row === null || input === '') continue;
      const [, states = '', next = '', actions = ''] = row;
      for (const name of states.split(', ')) {
        const cell = fsaCell(input as FsaInput, `S_${name}` as ControllerState);
        expect(cell.next).toBe(next === 'same' ? `S_${name}` : `S_${next}`);
        for (const action of actions.split(' ').filter((each) => each.startsWith('A_'))) {
          expect(cell.actions).toContain(action);
        }
        if (actions === '-') expect(cell.actions).toEqual([]);
        cells += 1;
      }
    }
    expect(cells).toBe(fsaInputs.length * 14);
  });
});

function machine(handlers: Partial<Record<FsaAction, ActionHandler>>): { fsa: Fsa; ran: FsaAction[] } {
  const ran: FsaAction[] = [];
  const actions = Object.fromEntries(
    actionOrder.map((action) => [
      action,
      (data: Parameters<ActionHandler>[0], input: FsaInput) => {
        ran.push(action);
        return handlers[action]?.(data, input);
      },
    ]),
  ) as Record<FsaAction, ActionHandler>;
  const fsa = new Fsa({ log: silentLogger, stateChanged() {}, isShuttingDown: () => false, actions });
  return { fsa, ran };
}

describe('the machine', () => {
  it('runs actions by their priority, whatever order they come in', () => {
    const { fsa, ran } = machine({});
    fsa.add('A_EXIT_0', 'A_PE_INVOKE', 'A_STARTUP');
    fsa.run();
    expect(ran).toEqual(['A_STARTUP', 'A_PE_INVOKE', 'A_EXIT_0']);
  });

  it('waits at an action that stalls, and goes on from there', () => {
    let ready = false;
    const { fsa, ran } = machine({ A_CIB_START: () => (ready ? undefined : 'stall') });
    fsa.raise('I_STARTUP', 'test');
    fsa.run();
    expect(ran).toEqual(['A_STARTUP', 'A_CIB_START']);
    fsa.run();
    expect(ran).toEqual(['A_STARTUP', 'A_CIB_START', 'A_CIB_START']);
    ready = true;
    fsa.run();
    expect(ran.slice(3)).toEqual(['A_CIB_START', 'A_HA_CONNECT', 'A_READCONFIG', 'A_LRM_CONNECT', 'A_STARTED']);
  });

  it('keeps the data of a stalled input', () => {
    let ready = false;
    const graph = {
      element: { type: 'element', name: 'g', attributes: new Map(), children: [] } as const,
      source: 'x',
    };
    const seen: unknown[] = [];
    const { fsa } = machine({
      A_TE_INVOKE: (data) => {
        if (!ready) return 'stall';
        seen.push(data?.graph?.source);
        return undefined;
      },
    });
    fsa.raise('I_NULL', 'test', { data: { graph }, actions: ['A_TE_INVOKE'] });
    fsa.run();
    ready = true;
    fsa.run();
    expect(seen).toEqual(['x']);
  });

  it('puts what was pending aside for an error', () => {
    const order: string[] = [];
    const { fsa } = machine({
      A_STARTUP: () => {
        fsa.raiseError('I_WAIT_FOR_EVENT', 'an error');
        order.push('startup');
      },
      A_CIB_START: () => void order.push('cib'),
    });
    fsa.raise('I_STARTUP', 'test');
    fsa.run();
    expect(order).toEqual(['startup', 'cib']);
  });

  it('processes front inputs first', () => {
    const { fsa } = machine({});
    const seen: string[] = [];
    const states: string[] = [];
    fsa.raise('I_PENDING', 'first');
    fsa.raise('I_STARTUP', 'front', { front: true });
    fsa.run();
    states.push(fsa.state);
    expect(states).toEqual(['S_PENDING']);
    expect(seen).toEqual([]);
  });
});
