/** Characters of XML names (XML 1.0 fifth edition, 2.3), the ASCII ones by table. */
const startTable = new Uint8Array(128);
const partTable = new Uint8Array(128);
for (let code = 0; code < 128; code += 1) {
  const character = String.fromCharCode(code);
  if (/[A-Za-z_:]/.test(character)) startTable[code] = 1;
  if (/[A-Za-z0-9_:.-]/.test(character)) partTable[code] = 1;
}

/** First and last code point of each range of characters that names may begin with. */
const startRanges = [
  [0xc0, 0xd6],
  [0xd8, 0xf6],
  [0xf8, 0x2ff],
  [0x370, 0x37d],
  [0x37f, 0x1fff],
  [0x200c, 0x200d],
  [0x2070, 0x218f],
  [0x2c00, 0x2fef],
  [0x3001, 0xd7ff],
  [0xf900, 0xfdcf],
  [0xfdf0, 0xfffd],
  [0x10000, 0xeffff],
] as const;
/** And of those that they may only go on with. */
const partRanges = [
  [0xb7, 0xb7],
  [0x300, 0x36f],
  [0x203f, 0x2040],
] as const;

function within(code: number, ranges: readonly (readonly [number, number])[]): boolean {
  return ranges.some(([first, last]) => code >= first && code <= last);
}

/** Whether a name may begin with this code point. */
export function isNameStartCode(code: number): boolean {
  return code < 128 ? startTable[code] === 1 : within(code, startRanges);
}

/** Whether a name may go on with this code point; NaN (end of text) may not. */
export function isNameCode(code: number): boolean {
  if (code < 128) return partTable[code] === 1;
  if (Number.isNaN(code)) return false;
  return within(code, startRanges) || within(code, partRanges);
}
