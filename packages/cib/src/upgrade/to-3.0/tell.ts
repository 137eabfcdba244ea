/** One rule that fits an nvpair or attribute: what becomes of it, and what is said. */
export interface Fate {
  /** New name; absent: dropped. */
  readonly name?: string;
  readonly value?: string;
  /** Moves to another place, under `name`. */
  readonly under?: string;
  /** For which cases it holds, as the message tells. */
  readonly matching?: string;
  readonly extra?: string;
  readonly level?: 'WARNING';
  /** The value is not told as redefined. */
  readonly quietValue?: boolean;
}

/** The messages of a change (cib-schema.md 9.2). */
export function messagesOf(prefix: string, context: string, oldName: string, fate: Fate): string[] {
  const level = fate.level ?? (fate.extra === undefined ? 'DEBUG' : 'INFO');
  let text = `dropping ${oldName}`;
  if (fate.under !== undefined) {
    text = `moving ${oldName} under ${fate.under} as ${fate.name} unless already defined there`;
  } else if (fate.name !== undefined) {
    text = `${fate.name === oldName ? 'keeping' : 'renaming'} ${oldName} as ${fate.name}`;
  }
  const redefined = fate.value !== undefined && fate.quietValue !== true;
  if (redefined) text += `, redefined as ${fate.value}`;
  if (fate.matching !== undefined) text += `${redefined ? ',' : ''} for matching ${fate.matching}`;
  const first = `${level}: ${prefix}: ${context}: ${text}`;
  return fate.extra === undefined ? [first] : [first, `${level}: ${prefix}: ... ${fate.extra}`];
}
