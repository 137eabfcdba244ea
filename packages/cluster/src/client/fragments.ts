interface Assembly {
  parts: Buffer[];
  bytes: number;
}

/**
 * Puts long CPG messages together, per sending process (corosync-services.md 3.3): FIRST (1) drops what was unfinished,
 * data for an unknown message is ignored, LAST (3) delivers.
 */
export class FragmentAssembler {
  readonly #assemblies = new Map<string, Assembly>();
  readonly #maxBytes: number;

  /** @param maxBytes longest message kept; a longer one is dropped whole */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Takes a fragment. @returns the whole message when this was its last */
  take(nodeId: number, pid: number, type: number, totalBytes: number, data: Buffer): Buffer | undefined {
    const key = `${nodeId}:${pid}`;
    if (type === 1) this.#assemblies.set(key, { parts: [], bytes: 0 });
    const assembly = this.#assemblies.get(key);
    if (assembly === undefined) return undefined;
    assembly.parts.push(data);
    assembly.bytes += data.length;
    if (assembly.bytes > Math.min(this.#maxBytes, totalBytes)) {
      this.#assemblies.delete(key);
      return undefined;
    }
    if (type !== 3) return undefined;
    this.#assemblies.delete(key);
    return assembly.bytes === totalBytes ? Buffer.concat(assembly.parts) : undefined;
  }

  /** Drops what a process that left had not finished. */
  forget(nodeId: number, pid: number): void {
    this.#assemblies.delete(`${nodeId}:${pid}`);
  }
}
