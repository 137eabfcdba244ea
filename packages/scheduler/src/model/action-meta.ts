/** Results expected of operations, by the shared values that they were added to. */
const withResult = new WeakMap<ReadonlyMap<string, string>, Map<string, ReadonlyMap<string, string>>>();

/** Meta attributes of an action. Most actions of an operation have the same ones: those are shared until they change. */
export class ActionMeta {
  #values: ReadonlyMap<string, string>;
  #own: Map<string, string> | undefined = undefined;

  constructor(shared: ReadonlyMap<string, string> = new Map()) {
    this.#values = shared;
  }

  /** The values as they are now; actions that have the same object have the same values. */
  get values(): ReadonlyMap<string, string> {
    return this.#values;
  }

  get(name: string): string | undefined {
    return this.#values.get(name);
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  set(name: string, value: string): void {
    this.#owned().set(name, value);
  }

  delete(name: string): void {
    if (this.#values.has(name)) this.#owned().delete(name);
  }

  /** Sets the expected result; actions that share their values go on sharing. */
  expectResult(code: string): void {
    if (this.#own !== undefined) {
      this.set('op_target_rc', code);
      return;
    }
    let variants = withResult.get(this.#values);
    if (variants === undefined) {
      variants = new Map();
      withResult.set(this.#values, variants);
    }
    let values = variants.get(code);
    if (values === undefined) {
      values = new Map([...this.#values, ['op_target_rc', code]]);
      variants.set(code, values);
    }
    this.#values = values;
  }

  #owned(): Map<string, string> {
    if (this.#own === undefined) {
      this.#own = new Map(this.#values);
      this.#values = this.#own;
    }
    return this.#own;
  }

  [Symbol.iterator](): IterableIterator<[string, string]> {
    return this.#values.entries();
  }
}
