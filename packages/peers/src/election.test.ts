import { Envelopes } from '@sanode/messages';
import { silentLogger } from '@sanode/runtime';
import { attr, type Element, element, withAttributes } from '@sanode/xml';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Election, electionState } from './election.ts';
import { SimulatedTime } from './simulated-time.ts';

interface Voter {
  readonly name: string;
  readonly election: Election;
  won: number;
  lostTo: string[];
}

/** Elections of several nodes on one ordered channel. */
class Hall {
  readonly time = new SimulatedTime();
  readonly voters: Voter[] = [];
  readonly sent: { from: string; to: string | undefined; message: Element }[] = [];
  active: string[] = [];

  add(name: string, options: { version?: string; age?: number; canWin?: () => boolean } = {}): Voter {
    const base = this.time.host(silentLogger);
    const voter: Voter = {
      name,
      won: 0,
      lostTo: [],
      election: new Election(
        {
          envelopes: new Envelopes({ wallMs: () => base.wallMs() }, { featureSet: options.version ?? '3.16.1' }),
          host: {
            ...base,
            userCpuMicroseconds: () => options.age ?? 0,
            activePeers: () => this.active,
            knownPeerCount: () => this.voters.length,
            canWin: options.canWin ?? (() => true),
            send: (to, message) => this.#send(name, to, message),
            electionWon: () => {
              voter.won += 1;
            },
            electionLost: (to) => voter.lostTo.push(to),
          },
        },
        { localName: name, localUuid: name.slice(2), featureSet: options.version ?? '3.16.1', timeoutMs: 60_000 },
      ),
    };
    this.voters.push(voter);
    this.active.push(name);
    return voter;
  }

  #send(from: string, to: string | undefined, message: Element): void {
    this.sent.push({ from, to, message });
    this.time.after(1, () => {
      for (const voter of this.voters) {
        if ((to !== undefined && to !== voter.name) || !this.active.includes(voter.name)) continue;
        voter.election.count(withAttributes(message, { src: from }), from);
        voter.election.check();
      }
    });
  }
}

describe('an election', () => {
  it('alone is won as soon as the own vote comes back', () => {
    const hall = new Hall();
    const alone = hall.add('lb1');
    alone.election.vote();
    expect(alone.won).toBe(0);
    hall.time.advance(1);
    expect([alone.won, alone.election.state]).toEqual([1, electionState.won]);
  });

  it('goes as captured when the DC is lost: lb3 steps back, lb2 votes again and wins', () => {
    const hall = new Hall();
    const [lb2, lb3] = [hall.add('lb2'), hall.add('lb3')];
    lb2.election.vote();
    lb3.election.vote();
    hall.time.advance(20);
    expect([lb2.won, lb3.won]).toEqual([1, 0]);
    expect(lb3.lostTo).toContain('lb2');
    const texts = hall.sent.map(
      ({ from, message }) => `${from} ${attr(message, 'crm_task')} ${attr(message, 'election-id')}`,
    );
    expect(texts).toEqual(['lb2 vote 1', 'lb3 vote 1', 'lb3 no-vote 1', 'lb2 vote 2', 'lb3 no-vote 2']);
  });

  it.each([
    ['the older feature set', { version: '3.16.1' }, { version: '3.20.5' }],
    ['the longer used process', { age: 5 }, { age: 4 }],
  ])('goes to %s', (_what, better, worse) => {
    const hall = new Hall();
    const [lb2, lb9] = [hall.add('lb2', worse), hall.add('lb9', better)];
    lb2.election.vote();
    hall.time.advance(20);
    expect([lb2.won, lb9.won]).toEqual([0, 1]);
  });

  it('is not waited out when a voter dies', () => {
    const hall = new Hall();
    const lb1 = hall.add('lb1');
    hall.add('lb2');
    hall.active = ['lb1', 'lb2'];
    hall.voters.pop();
    lb1.election.vote();
    hall.time.advance(10);
    expect(lb1.won).toBe(0);
    hall.active = ['lb1'];
    lb1.election.peerLost('lb2');
    lb1.election.check();
    expect(lb1.won).toBe(1);
  });

  it('is won by the clock when a vote never comes', () => {
    const hall = new Hall();
    const lb1 = hall.add('lb1');
    hall.active = ['lb1', 'silent'];
    lb1.election.vote();
    hall.time.advance(59_999);
    expect(lb1.won).toBe(0);
    hall.time.advance(1);
    expect(lb1.won).toBe(1);
  });

  it('is lost again by who lost within two seconds, unless its DC died', () => {
    const hall = new Hall();
    const [lb1, lb2] = [hall.add('lb1', { age: 1 }), hall.add('lb2', { age: 2 })];
    lb2.election.vote();
    hall.time.advance(20);
    expect(lb1.lostTo.length).toBeGreaterThan(0);
    const weak = element('message', {
      crm_task: 'vote',
      version: '3.20.5',
      'election-owner': '3',
      'election-id': 1,
      'election-age-sec': 0,
      'election-age-nano-sec': 0,
    });
    hall.active.push('lb3');
    expect(lb1.election.count(weak, 'lb3')).toBe(electionState.lost);
    lb1.election.clearLoss();
    expect(lb1.election.count(weak, 'lb3')).not.toBe(electionState.lost);
  });

  it('does not let a node that is not ready win', () => {
    const hall = new Hall();
    const starting = hall.add('lb1', { canWin: () => false });
    const lb2 = hall.add('lb2');
    lb2.election.vote();
    hall.time.advance(20);
    expect([starting.won, lb2.won]).toEqual([0, 1]);
  });

  it.each([
    [{}],
    [{ crm_task: 'vote' }],
    [{ crm_task: 'vote', version: '3.16.1', 'election-owner': '1', 'election-id': '-1' }],
    [{ crm_task: 'vote', version: '3.16.1', 'election-owner': '1', 'election-id': '1' }],
    [{ crm_task: 'join_offer', version: '3.16.1', 'election-owner': '1', 'election-id': '1' }],
  ])('drops what is no vote: %j', (attributes) => {
    const hall = new Hall();
    const lb1 = hall.add('lb1');
    lb1.election.count(element('x', attributes), 'lb2');
    expect([hall.sent.length, lb1.election.state]).toEqual([0, electionState.start]);
  });

  it('has exactly one winner, whoever votes when', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ age: fc.nat(3), at: fc.nat(5) }), { minLength: 1, maxLength: 5 }), (nodes) => {
        const hall = new Hall();
        const voters = nodes.map((node, index) => hall.add(`lb${index + 1}`, { age: node.age }));
        for (const [index, node] of nodes.entries()) hall.time.after(node.at, () => voters[index]?.election.vote());
        hall.time.advance(5000);
        expect(voters.filter((voter) => voter.election.state === electionState.won).length).toBe(1);
      }),
      { numRuns: 100 },
    );
  });
});
