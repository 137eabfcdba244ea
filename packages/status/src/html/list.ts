import { type Element, element, type Node, text } from '@sanode/xml';
import type { ListOutput } from '../text/list.ts';

/** Lists of a report as HTML: `<h2>` and `<ul>` at the top, `<li>` with `<h3>` and `<ul>` below. */
export class HtmlList implements ListOutput {
  readonly #body: Node[] = [];
  /** Children of the lists that are open, outermost first. */
  readonly #open: { title: string | undefined; children: Node[] }[] = [];

  /** Children of the document's body. */
  get body(): readonly Node[] {
    return this.#body;
  }

  begin(title: string): void {
    this.#open.push({ title, children: [] });
  }

  beginSilent(): void {
    this.#open.push({ title: undefined, children: [] });
  }

  item(line: string, cssClass?: string): void {
    this.spans(cssClass === undefined ? [text(line)] : [span(line, cssClass)]);
  }

  /** An item of several parts. */
  spans(parts: readonly Node[]): void {
    this.#current().push(element('li', {}, parts));
  }

  end(): void {
    const list = this.#open.pop();
    if (list === undefined) return;
    const body = element('ul', {}, list.children);
    if (list.title === undefined) this.#current().push(...list.children);
    else if (this.#open.length === 0) this.#body.push(element('h2', {}, [text(list.title)]), body);
    else this.#current().push(element('li', {}, [element('h3', {}, [text(list.title)]), body]));
  }

  spacer(): void {}

  /** Takes the last child of the open list out again, to put it elsewhere. */
  takeLast(): Node | undefined {
    return this.#current().pop();
  }

  #current(): Node[] {
    return this.#open.at(-1)?.children ?? this.#body;
  }
}

/** A `<span>`. */
export function span(line: string, cssClass?: string): Element {
  return element('span', { class: cssClass }, [text(line)]);
}
