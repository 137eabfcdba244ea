import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { argumentLists } from './options/arguments.ts';
import { simulate } from './suite.ts';

const file = (name: string) => new URL(`./options/${name}`, import.meta.url);
const recorded = JSON.parse(readFileSync(file('recorded.json'), 'utf8')) as {
  readonly args: string;
  readonly code: number;
  readonly stdout: string;
}[];

/** Failures are injected at the present time. */
function withoutNow(text: string): string {
  return text.replace(/(last-failure-[^=]*=)[0-9]+/g, '$1NOW');
}

describe("crm_simulate's options", () => {
  it('are recorded as they are listed', () => {
    expect(recorded.map(({ args }) => args)).toEqual(argumentLists.map((args) => args.join(' ')));
  });

  it.each(recorded)('answer "$args" as the reference does', async ({ args, code, stdout }) => {
    process.env['TZ'] = 'UTC';
    const words = args.split(' ').filter((word) => word !== '');
    const ours = await simulate(['-x', file('input.xml').pathname, ...words]);
    expect(withoutNow(ours.stdout)).toBe(withoutNow(stdout));
    expect(ours.code).toBe(code);
  });
});
