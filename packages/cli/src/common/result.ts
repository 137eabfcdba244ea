import { announcedRelease } from '@sanode/runtime';
import { type Element, element, printPretty } from '@sanode/xml';
import type { ToolIo } from '../io.ts';
import { exitText } from './exit-text.ts';

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
      { code, message: exitText(code) },
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
