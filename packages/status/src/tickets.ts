/** Order in which GLib's string hash table of tickets is walked (cli-crm.md 4.4.9). */
export function ticketOrder(ids: readonly string[]): string[] {
  const primes = new Map([
    [8, 7],
    [16, 13],
    [32, 31],
    [64, 61],
    [128, 127],
    [256, 251],
    [512, 509],
    [1024, 1021],
    [2048, 2039],
  ]);
  let size = 8;
  let slots: (string | undefined)[] = new Array(size).fill(undefined);
  const place = (id: string): void => {
    const mask = size - 1;
    const prime = primes.get(size) ?? size - 1;
    let at = (Math.imul(hashOf(id), 11) >>> 0) % prime;
    for (let step = 1; slots[at] !== undefined; step += 1) at = (at + step) & mask;
    slots[at] = id;
  };
  const placed: string[] = [];
  for (const id of ids) {
    place(id);
    placed.push(id);
    if (placed.length + Math.floor(placed.length / 16) < size) continue;
    while (size <= placed.length * 1.333) size *= 2;
    const before = slots.filter((slot) => slot !== undefined);
    slots = new Array(size).fill(undefined);
    for (const each of before) place(each);
  }
  return slots.filter((slot) => slot !== undefined);
}

function hashOf(text: string): number {
  let hash = 5381;
  for (const byte of Buffer.from(text, 'utf8')) hash = (Math.imul(hash, 33) + (byte > 127 ? byte - 256 : byte)) >>> 0;
  return hash;
}
