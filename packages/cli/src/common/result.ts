import { announcedRelease } from '@sanode/runtime';
import { type Element, element, printPretty } from '@sanode/xml';
import type { ToolIo } from '../io.ts';

/** Texts of the exit codes that end up in `<status message=...>` (cli-crm.md 2). */
const exitTexts: Readonly<Record<number, string>> = {
  0: 'OK',
  1: 'Error occurred',
  2: 'Invalid parameter',
  3: 'Unimplemented',
  4: 'Insufficient privileges',
  64: 'Incorrect usage',
  65: 'Invalid data given',
  66: 'Input file not available',
  70: 'Internal software bug',
  71: 'Operating system error occurred',
  74: 'I/O error occurred',
  76: 'Protocol violated',
  77: 'Insufficient privileges',
  78: 'Invalid configuration',
  102: 'Not connected',
  103: 'Update was older than existing configuration',
  105: 'No such object',
  107: 'Operation not safe',
  108: 'Requested item already exists',
  113: 'Not applicable under current conditions',
  124: 'Timeout occurred',
};

/**
 * What a tool prints, as text or as the `<pacemaker-result>` document (cli-crm.md 3). In XML nothing is printed before
 * `finish`.
 */
export class ToolResult {
  readonly #io: ToolIo;
  readonly #xml: boolean;
  readonly #request: string;
  readonly #elements: Element[] = [];
  readonly #errors: string[] = [];

  constructor(io: ToolIo, settings: { tool: string; argv: readonly string[]; xml: boolean }) {
    this.#io = io;
    this.#xml = settings.xml;
    this.#request = [settings.tool, ...settings.argv].map(quoteWord).join(' ');
  }

  /** Whether this is the XML document. */
  get isXml(): boolean {
    return this.#xml;
  }

  /** One result: a line of text, or an element. */
  add(textLine: string, xml: Element | undefined): void {
    if (!this.#xml) this.#io.stdout(`${textLine}\n`);
    else if (xml !== undefined) this.#elements.push(xml);
  }

  error(text: string): void {
    if (this.#xml) this.#errors.push(text);
    else this.#io.stderr(`${text}\n`);
  }

  /** Ends the output. @returns the exit code given */
  finish(code: number): number {
    if (!this.#xml) return code;
    const errors = this.#errors.map((text) => element('error', {}, [{ type: 'text', text }]));
    const status = element(
      'status',
      { code, message: exitTexts[code] ?? 'Error occurred' },
      errors.length === 0 ? [] : [element('errors', {}, errors)],
    );
    const apiVersion = announcedRelease().name === '3.0' ? '2.42' : '2.25';
    const attributes = { 'api-version': apiVersion, request: this.#request };
    this.#io.stdout(printPretty(element('pacemaker-result', attributes, [...this.#elements, status])));
    return code;
  }
}

function quoteWord(word: string): string {
  return word.includes(' ') ? `'${word.replaceAll("'", "\\'")}'` : word;
}
