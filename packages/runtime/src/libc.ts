import { createRequire } from 'node:module';

type Koffi = typeof import('koffi');

/** The C library by way of koffi, and koffi's `errno`. */
export interface Libc {
  readonly func: ReturnType<Koffi['load']>['func'];
  /** errno of the call before. */
  errno(): number;
}

let loaded: Libc | undefined | null = null;

/** The C library; undefined where koffi (a native module) is not there: who asks goes on without, and says so. */
export function loadLibc(): Libc | undefined {
  if (loaded === null) {
    try {
      const koffi = createRequire(import.meta.url)('koffi') as Koffi;
      const library = koffi.load('libc.so.6');
      loaded = { func: library.func.bind(library) as Libc['func'], errno: () => koffi.errno() };
    } catch {
      loaded = undefined;
    }
  }
  return loaded;
}

/** What loadLibc's callers say when it is not there. */
export const noLibc = 'koffi, the module that calls the C library, cannot be loaded';
