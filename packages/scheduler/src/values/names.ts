/** Natural order of node names: digits by value, letters ignoring case (scheduler-1 0.2). */
export function compareNames(a: string, b: string): number {
  let left = 0;
  let right = 0;
  while (left < a.length && right < b.length) {
    if (isDigit(a.charCodeAt(left)) && isDigit(b.charCodeAt(right))) {
      const leftEnd = digitsEnd(a, left);
      const rightEnd = digitsEnd(b, right);
      const difference = Number(a.slice(left, leftEnd)) - Number(b.slice(right, rightEnd));
      if (difference !== 0) return Math.sign(difference);
      const longer = leftEnd - left - (rightEnd - right);
      if (longer !== 0) return Math.sign(longer);
      left = leftEnd;
      right = rightEnd;
    } else {
      const difference = lower(a.charCodeAt(left)) - lower(b.charCodeAt(right));
      if (difference !== 0) return Math.sign(difference);
      left += 1;
      right += 1;
    }
  }
  return Number(left < a.length) - Number(right < b.length);
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

function digitsEnd(text: string, from: number): number {
  let end = from;
  while (end < text.length && isDigit(text.charCodeAt(end))) end += 1;
  return end;
}

function lower(code: number): number {
  return code >= 65 && code <= 90 ? code + 32 : code;
}

/** Compares by bytes, as `strcmp` does; equal to code units for ASCII. */
export function compareBytes(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Whether two texts are equal but for the case of letters. */
export function sameText(a: string | undefined, b: string | undefined): boolean {
  if (a === b) return true;
  return a !== undefined && b !== undefined && a.length === b.length && a.toLowerCase() === b.toLowerCase();
}
