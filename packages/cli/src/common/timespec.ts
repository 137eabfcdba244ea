const unitMs: Readonly<Record<string, number>> = {
  us: 0.001,
  usec: 0.001,
  ms: 1,
  msec: 1,
  '': 1000,
  s: 1000,
  sec: 1000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  hr: 3_600_000,
};

/**
 * Reads a TIMESPEC (cli-crm.md 4.1): seconds, a number with a unit, or an ISO 8601 duration of days and less
 * (`PT1M30S`). @returns milliseconds; undefined for anything else
 */
export function parseTimespecMs(text: string): number | undefined {
  const plain = /^\s*(\d{1,10})\s*([a-z]*)\s*$/i.exec(text);
  if (plain !== null) {
    const unit = unitMs[(plain[2] as string).toLowerCase()];
    return unit === undefined ? undefined : Math.floor(Number(plain[1]) * unit);
  }
  const iso = /^P(?:(\d{1,6})D)?(?:T(?:(\d{1,6})H)?(?:(\d{1,8})M)?(?:(\d{1,10})S)?)?$/.exec(text);
  if (iso === null || /^PT?$/.test(text)) return undefined;
  const [, days = '0', hours = '0', minutes = '0', seconds = '0'] = iso;
  return (((Number(days) * 24 + Number(hours)) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000;
}
