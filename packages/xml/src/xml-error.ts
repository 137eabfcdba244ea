/** Text that is not a well-formed XML document, or that is over a limit. */
export class XmlError extends Error {
  readonly code = 'XML_MALFORMED';
  /** Line of the problem, from 1; 0 if unknown. */
  readonly line: number;

  constructor(message: string, line: number) {
    super(message);
    this.line = line;
  }
}
