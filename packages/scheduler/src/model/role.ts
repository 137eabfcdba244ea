/** A resource's role; ordered, so that `>` means "further up" (scheduler-1 6.1). */
export const Role = { unknown: 0, stopped: 1, started: 2, unpromoted: 3, promoted: 4 } as const;
export type Role = (typeof Role)[keyof typeof Role];

const texts = ['Unknown', 'Stopped', 'Started', 'Unpromoted', 'Promoted'] as const;

/** Name of a role as the reference prints it. */
export function roleText(role: Role): string {
  return texts[role];
}

const byName: ReadonlyMap<string, Role> = new Map([
  ['stopped', Role.stopped],
  ['started', Role.started],
  ['unpromoted', Role.unpromoted],
  ['slave', Role.unpromoted],
  ['promoted', Role.promoted],
  ['master', Role.promoted],
]);

/** Parses a role's name, ignoring case; `undefined` for what is none, Unknown for absent and `Unknown`. */
export function parseRole(text: string | undefined): Role | undefined {
  if (text === undefined || text.toLowerCase() === 'unknown') return Role.unknown;
  return byName.get(text.toLowerCase());
}
