import { type Context, evaluate, toBoolean, toNodes, toNumber, toText } from './evaluate.ts';
import { XPathError } from './lexer.ts';
import { nameOf, type Place, select, stringValue } from './nodes.ts';
import type { Expression } from './parser.ts';

type Value = string | number | boolean | readonly Place[];

interface CoreFunction {
  readonly least: number;
  readonly most: number;
  call(args: readonly Value[], context: Context): Value;
}

function text(args: readonly Value[], index: number, context: Context): string {
  const value = args[index];
  return value === undefined ? stringValue(context.place) : toText(value);
}

function firstNode(args: readonly Value[], context: Context): Place | undefined {
  return args[0] === undefined ? context.place : toNodes(args[0])[0];
}

function substring(args: readonly Value[]): string {
  const characters = [...toText(args[0] as Value)];
  const start = roundHalfUp(toNumber(args[1] as Value));
  const length = args[2] === undefined ? Number.POSITIVE_INFINITY : roundHalfUp(toNumber(args[2]));
  return characters.filter((_, index) => index + 1 >= start && index + 1 < start + length).join('');
}

function translate(args: readonly Value[]): string {
  const from = [...toText(args[1] as Value)];
  const to = [...toText(args[2] as Value)];
  return [...toText(args[0] as Value)]
    .map((character) => {
      const index = from.indexOf(character);
      return index === -1 ? character : (to[index] ?? '');
    })
    .join('');
}

function roundHalfUp(value: number): number {
  return Math.floor(value + 0.5);
}

/** Elements whose attribute `id` is one of the words: the documents here have no DTD that says otherwise. */
function byId(args: readonly Value[], context: Context): readonly Place[] {
  const value = args[0] as Value;
  const texts = typeof value === 'object' ? value.map(stringValue) : [toText(value)];
  const wanted = new Set(texts.flatMap((words) => words.split(/[ \t\r\n]+/)));
  return select(context.document, 'descendant', { kind: 'name', name: '*' }).filter((place) => {
    const id = place.node?.type === 'element' ? place.node.attributes.get('id') : undefined;
    return id !== undefined && wanted.has(id);
  });
}

const functions: ReadonlyMap<string, CoreFunction> = new Map<string, CoreFunction>([
  ['last', { least: 0, most: 0, call: (_, context) => context.size }],
  ['position', { least: 0, most: 0, call: (_, context) => context.position }],
  ['count', { least: 1, most: 1, call: (args) => toNodes(args[0] as Value).length }],
  ['id', { least: 1, most: 1, call: byId }],
  ['name', { least: 0, most: 1, call: (args, context) => nameOrEmpty(firstNode(args, context)) }],
  [
    'local-name',
    { least: 0, most: 1, call: (args, context) => nameOrEmpty(firstNode(args, context)).replace(/^.*:/, '') },
  ],
  ['namespace-uri', { least: 0, most: 1, call: () => '' }],
  ['string', { least: 0, most: 1, call: (args, context) => text(args, 0, context) }],
  ['concat', { least: 2, most: 1000, call: (args) => args.map(toText).join('') }],
  ['starts-with', { least: 2, most: 2, call: (args) => toText(args[0] as Value).startsWith(toText(args[1] as Value)) }],
  ['contains', { least: 2, most: 2, call: (args) => toText(args[0] as Value).includes(toText(args[1] as Value)) }],
  ['substring-before', { least: 2, most: 2, call: (args) => splitAt(args)[0] }],
  ['substring-after', { least: 2, most: 2, call: (args) => splitAt(args)[1] }],
  ['substring', { least: 2, most: 3, call: substring }],
  ['string-length', { least: 0, most: 1, call: (args, context) => [...text(args, 0, context)].length }],
  [
    'normalize-space',
    {
      least: 0,
      most: 1,
      call: (args, context) =>
        text(args, 0, context)
          .replace(/[ \t\r\n]+/g, ' ')
          .replace(/^ | $/g, ''),
    },
  ],
  ['translate', { least: 3, most: 3, call: translate }],
  ['boolean', { least: 1, most: 1, call: (args) => toBoolean(args[0] as Value) }],
  ['not', { least: 1, most: 1, call: (args) => !toBoolean(args[0] as Value) }],
  ['true', { least: 0, most: 0, call: () => true }],
  ['false', { least: 0, most: 0, call: () => false }],
  ['number', { least: 0, most: 1, call: (args, context) => toNumber(args[0] ?? stringValue(context.place)) }],
  [
    'sum',
    {
      least: 1,
      most: 1,
      call: (args) => toNodes(args[0] as Value).reduce((sum, place) => sum + toNumber(stringValue(place)), 0),
    },
  ],
  ['floor', { least: 1, most: 1, call: (args) => Math.floor(toNumber(args[0] as Value)) }],
  ['ceiling', { least: 1, most: 1, call: (args) => Math.ceil(toNumber(args[0] as Value)) }],
  ['round', { least: 1, most: 1, call: (args) => roundHalfUp(toNumber(args[0] as Value)) }],
]);

function nameOrEmpty(place: Place | undefined): string {
  return place === undefined ? '' : nameOf(place);
}

function splitAt(args: readonly Value[]): readonly [string, string] {
  const whole = toText(args[0] as Value);
  const part = toText(args[1] as Value);
  const at = whole.indexOf(part);
  return at === -1 ? ['', ''] : [whole.slice(0, at), whole.slice(at + part.length)];
}

/** Calls a function of the core library (XPath 1.0, 4; `lang` is not there). @throws {XPathError} */
export function callFunction(name: string, args: readonly Expression[], context: Context): Value {
  const found = functions.get(name);
  if (found === undefined) throw new XPathError(`XPath function ${name}() does not exist`);
  if (args.length < found.least || args.length > found.most) {
    throw new XPathError(`XPath function ${name}() does not take ${args.length} arguments`);
  }
  return found.call(
    args.map((argument) => evaluate(argument, context)),
    context,
  );
}
