import { describe, expect, it } from 'vitest';
import { printValue, readValue } from './values.ts';

const read = (type: string, text: string) => readValue(type, text, async () => Buffer.from('file'));

describe('corosync-cmapctl values', () => {
  it('prints each type', () => {
    expect(printValue('a.b', { type: 'u32', value: 7 }, false)).toBe('a.b (u32) = 7\n');
    expect(printValue('a.b', { type: 'flt', value: 0.5 }, false)).toBe('a.b (flt) = 0.500000\n');
    expect(printValue('a.b', { type: 'bin', value: Buffer.from('x\\\x01') }, false)).toBe('a.b (bin)\n');
    expect(printValue('a.b', { type: 'bin', value: Buffer.from('x\\\x01') }, true)).toBe('a.b (bin) = x\\\\\\x01\n');
  });

  it('reads each type and refuses what is none', async () => {
    expect(await read('i64', '-9223372036854775808')).toEqual({ type: 'i64', value: -(2n ** 63n) });
    expect(await read('str', '')).toEqual({ type: 'str', value: '' });
    expect(await read('bin', 'x')).toEqual({ type: 'bin', value: Buffer.from('file') });
    await expect(read('u8', '300')).rejects.toThrow('300 is not valid u8 integer');
    await expect(read('u8', 'abc')).rejects.toThrow('abc is not valid u8 type value');
    await expect(read('u9', '1')).rejects.toThrow('Unknown type u9');
  });
});
