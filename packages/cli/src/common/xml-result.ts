import { announcedRelease } from '@sanode/runtime';
import { type Element, element, printPretty, text } from '@sanode/xml';
import { exitText } from './exit-text.ts';

/**
 * The XML document of a tool's result (cli-crm.md 3.2).
 * @param tool name of the program
 * @param errors error messages, in order
 */
export function envelope(
  tool: string,
  argv: readonly string[],
  children: readonly Element[],
  code: number,
  errors: readonly string[],
): string {
  const words = [tool, ...argv].map((word) => (word.includes(' ') ? `'${word.replaceAll("'", "\\'")}'` : word));
  const errorList =
    errors.length === 0
      ? []
      : [
          element(
            'errors',
            {},
            errors.map((line) => element('error', {}, [text(line)])),
          ),
        ];
  const status = element('status', { code, message: exitText(code) }, errorList);
  const version = announcedRelease().name === '2.1' ? '2.25' : '2.42';
  const root = element('pacemaker-result', { 'api-version': version, request: words.join(' ') }, [...children, status]);
  return printPretty(root);
}

/** `<version>` of `--version --output-as=xml`. */
export function versionElement(): Element {
  return element('version', {
    program: 'Pacemaker',
    version: announcedRelease().pacemakerVersion,
    author: 'sanode',
    build: 'sanode',
    features: 'corosync-ge-2 systemd',
  });
}
