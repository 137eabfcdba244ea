import { type ByteReader, ByteWriter } from '../wire/bytes.ts';
import { readCmapValue, writeCmapValue } from '../wire/cmap-value.ts';
import { readCount } from '../wire/cpg.ts';
import { event, operation } from '../wire/protocol.ts';
import { csResult, csResultName } from '../wire/results.ts';
import { type ConnectOptions, openSession, type Session } from './session.ts';
import { type CmapConnection, type CmapValue, CorosyncError } from './types.ts';

/** The configuration map or the statistics (corosync-services.md 7.5). */
export type CmapMap = 'icmap' | 'stats';

/** A change of a tracked key. */
export interface CmapChange {
  readonly kind: 'add' | 'delete' | 'modify';
  readonly key: string;
  readonly oldValue: CmapValue | undefined;
  readonly newValue: CmapValue | undefined;
}

/** {@link CmapConnection} with what only tools need. */
export interface FullCmapConnection extends CmapConnection {
  /** Adds to an integer, wrapping at its size. @throws {CorosyncError} INVALID_PARAM for other types, NOT_EXIST */
  adjust(key: string, step: number): Promise<void>;
  /**
   * Calls the handler at each change of a key, or of all keys with a prefix.
   * @returns stops tracking
   */
  track(key: string, isPrefix: boolean, handler: (change: CmapChange) => void): Promise<() => Promise<void>>;
}

export interface CmapOptions extends ConnectOptions {
  readonly map?: CmapMap;
  readonly closed?: (reason: string) => void;
}

/**
 * Opens the local corosync daemon's map of keys and values.
 * @throws {CorosyncError} LIBRARY (not running), ACCESS, TRY_AGAIN (no ring yet)
 */
export async function connectCmap(options: CmapOptions = {}): Promise<FullCmapConnection> {
  const trackers = new Map<number, (change: CmapChange) => void>();
  const session = await openSession(
    {
      event(kind, fields) {
        if (kind !== event.cmapChange) return;
        const tracker = fields.u32();
        trackers.get(tracker)?.(readChange(fields));
      },
      closed: (reason) => options.closed?.(reason),
    },
    options,
  );
  return cmapConnection(session, options.map === 'stats' ? 1 : 0, trackers);
}

function cmapConnection(
  session: Session,
  map: number,
  trackers: Map<number, (change: CmapChange) => void>,
): FullCmapConnection {
  const keyed = (op: number, key: string): ByteWriter => new ByteWriter().u8(op).u8(map).text(key);
  let lastTracker = 0;
  return {
    async get(key) {
      const { result, fields } = await session.exchange(keyed(operation.cmapGet, key).finish());
      if (result === csResult.OK) return readCmapValue(fields);
      const code = csResultName(result);
      if (code === 'NOT_EXIST' || code === 'OK') return undefined;
      throw new CorosyncError(code, `cmap key ${key}: CS_ERR_${code}`);
    },
    async set(key, value) {
      const writer = keyed(operation.cmapSet, key);
      writeCmapValue(writer, value);
      await session.request(writer.finish());
    },
    async delete(key) {
      await session.request(keyed(operation.cmapDelete, key).finish());
    },
    async list(prefix) {
      const fields = await session.request(keyed(operation.cmapList, prefix).finish());
      const values = new Map<string, CmapValue>();
      for (let count = readCount(fields, 1_000_000); count > 0; count -= 1)
        values.set(fields.text(), readCmapValue(fields));
      return values;
    },
    async adjust(key, step) {
      await session.request(keyed(operation.cmapAdjust, key).i32(step).finish());
    },
    async track(key, isPrefix, handler) {
      lastTracker += 1;
      const tracker = lastTracker;
      trackers.set(tracker, handler);
      // Of statistics with a prefix only their coming and going can be followed (corosync-services.md 7.5).
      const kinds = isPrefix && map === 1 ? 5 : 7;
      const request = keyed(operation.cmapTrackAdd, key)
        .u8(kinds + (isPrefix ? 8 : 0))
        .u32(tracker);
      try {
        await session.request(request.finish());
      } catch (error) {
        trackers.delete(tracker);
        throw error;
      }
      return async () => {
        trackers.delete(tracker);
        await session.request(new ByteWriter().u8(operation.cmapTrackDelete).u32(tracker).finish());
      };
    },
    close: () => session.close(),
  };
}

function readChange(fields: ByteReader): CmapChange {
  const bits = fields.u8();
  const key = fields.text();
  const optional = (): CmapValue | undefined => (fields.u8() === 1 ? readCmapValue(fields) : undefined);
  const kind = bits === 4 ? 'add' : bits === 1 ? 'delete' : 'modify';
  return { kind, key, oldValue: optional(), newValue: optional() };
}
