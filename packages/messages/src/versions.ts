/** Compares feature sets field by field as numbers; a missing field is 0 and loses to any other (controller.md 3.3). */
export function compareVersions(a: string, b: string): number {
  const left = a.split('.');
  const right = b.split('.');
  for (let index = 0; index < Math.max(left.length, right.length); index += 1) {
    const difference = field(left[index]) - field(right[index]);
    if (difference !== 0) return difference < 0 ? -1 : 1;
  }
  return 0;
}

function field(value: string | undefined): number {
  const number = Number.parseInt(value ?? '0', 10);
  return Number.isNaN(number) ? 0 : number;
}

/** Whether a node with feature set `joiner` may join a DC with feature set `dc`: same major, minor not older. */
export function featureSetsCompatible(dc: string, joiner: string): boolean {
  const [dcMajor, dcMinor] = dc.split('.').map((value) => field(value));
  const [major, minor] = joiner.split('.').map((value) => field(value));
  return dcMajor === major && (dcMinor ?? 0) <= (minor ?? 0);
}
