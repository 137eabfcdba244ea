import type { ConfigurationChange } from '@sanode/totem';
import { invariant } from './invariant-error.ts';
import type { Installation, RingRecord } from './rings.ts';
import type { Run } from './run.ts';

const minus = (from: readonly number[], ids: readonly number[]): number[] => from.filter((id) => !ids.includes(id));
const sameSets = (a: readonly number[], b: readonly number[]): boolean =>
  minus(a, b).length === 0 && minus(b, a).length === 0;

/** The lists of a run's step from one ring to the next: who came along, left, joined (totem.md 7.7 steps 4 to 11). */
export function checkLists(
  run: Run,
  from: RingRecord | undefined,
  transitional: ConfigurationChange,
  regular: ConfigurationChange,
): void {
  const old = from?.members ?? [];
  const { members, left } = transitional;
  const where = (): string => `${run.name} goes from ring ${from?.name} [${old}] to [${regular.members}]`;
  invariant(minus(members, old).length === 0, () => `${where()} with [${members}], who were not there`);
  invariant(minus(members, regular.members).length === 0, () => `${where()} with [${members}], who do not arrive`);
  invariant(sameSets(left, minus(old, members)), () => `${where()} with [${members}]: [${left}] left`);
  invariant(
    transitional.joined.length === 0 && regular.left.length === 0,
    () => `${where()}: joined or left too early`,
  );
  const joined = minus(regular.members, members);
  invariant(sameSets(regular.joined, joined), () => `${where()} with [${members}]: [${regular.joined}] joined`);
  invariant(from === undefined || members.includes(run.node), () => `${where()} with [${members}], without itself`);
}

/** Who comes from one ring into the next comes together, and all who do so say the same of each other. */
export function checkCompanions(ring: RingRecord, arrived: Installation): void {
  for (const other of ring.installations) {
    if (other.run.node === arrived.run.node) continue;
    const both = (): string => `${other.run.name} (from ${other.from?.name}, with [${other.transitional}])`;
    const sentence = (): string =>
      `${arrived.run.name} came into ring ${ring.name} from ${arrived.from?.name} with [${arrived.transitional}], but ${both()}`;
    const ambiguous = [ring, arrived.from, other.from].some((record) => record?.ambiguous);
    if (ambiguous) continue;
    if (arrived.from !== undefined && arrived.from === other.from) {
      invariant(sameSets(arrived.transitional, other.transitional), sentence);
      invariant(arrived.transitional.includes(other.run.node), sentence);
    } else {
      invariant(!arrived.transitional.includes(other.run.node), sentence);
      invariant(!other.transitional.includes(arrived.run.node), sentence);
    }
  }
  ring.installations.push(arrived);
}
