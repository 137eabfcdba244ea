/** Characters of XML names (XML 1.0 fifth edition, 2.3), the ASCII ones by table. */
const startTable = new Uint8Array(128);
const partTable = new Uint8Array(128);
for (let code = 0; code < 128; code += 1) {
  const character = String.fromCharCode(code);
  if (/[A-Za-z_:]/.test(character)) startTable[code] = 1;
  if (/[A-Za-z0-9_:.-]/.test(character)) partTable[code] = 1;
}

const wideStart =
  /^[\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02ff\u0370-\u037d\u037f-\u1fff\u200c\u200d\u2070-\u218f\u2c00-\u2fef\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd\u{10000}-\u{effff}]$/u;
const widePart = /^[\u00b7\u0300-\u036f\u203f\u2040]$/;

/** Whether a name may begin with this code point. */
export function isNameStartCode(code: number): boolean {
  return code < 128 ? startTable[code] === 1 : wideStart.test(String.fromCodePoint(code));
}

/** Whether a name may go on with this code point; NaN (end of text) may not. */
export function isNameCode(code: number): boolean {
  if (code < 128) return partTable[code] === 1;
  if (Number.isNaN(code)) return false;
  const character = String.fromCodePoint(code);
  return wideStart.test(character) || widePart.test(character);
}
