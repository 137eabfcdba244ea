import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ListText, type ScheduleOptions, schedule } from '@sanode/scheduler';
import type { Element } from '@sanode/xml';
import { exitCode } from '../../common/cib-exit.ts';
import type { ToolIo } from '../../io.ts';

/** Runs the scheduler on every `*.xml` of a folder and prints how long each took (cli-crm.md, `--profile`). */
export async function profile(
  folder: string,
  repeat: number,
  io: ToolIo,
  tools: {
    readonly read: (file: string) => Promise<Element | undefined>;
    readonly optionsFor: (cib: Element) => ScheduleOptions | undefined;
  },
): Promise<number> {
  let files: string[];
  try {
    files = readdirSync(folder).filter((file) => file.endsWith('.xml'));
  } catch (error) {
    io.stderr(`crm_simulate: ${folder} can't be read: ${(error as Error).message}\n`);
    return exitCode.noSuchObject;
  }
  const text = new ListText((line) => io.stdout(line), { fancy: true });
  text.begin('Timings');
  for (const name of files.sort()) {
    const file = join(folder, name);
    const cib = await tools.read(file);
    const options = cib === undefined ? undefined : tools.optionsFor(cib);
    if (cib === undefined || options === undefined) continue;
    const before = performance.now();
    for (let round = 0; round < repeat; round += 1) schedule(cib, options);
    text.item(`Testing ${file} ... ${((performance.now() - before) / 1000).toFixed(2)} secs`);
  }
  text.end();
  return exitCode.ok;
}
