import { CAUSE_ATTRIBUTE, decodeClusterFrame, FrameFormatError, readFrameAddress } from '@sanode/messages';
import { type Element, parseXml, withAttributes, XmlError } from '@sanode/xml';

/** What came out of one delivery of CPG (controller.md 1.1, receiver checks). */
export type Received =
  | { readonly kind: 'message'; readonly element: Element; readonly name: string; readonly cause: string | undefined }
  /** Addressed to another node: dropped silently. */
  | { readonly kind: 'elsewhere' }
  | { readonly kind: 'invalid'; readonly why: string };

/**
 * Checks and decodes one delivery. `src` on the root is the sender's name from the frame; the cause is taken off.
 * @param nameOf name of a node by id, for frames without their sender's name
 */
export function receiveFrame(
  body: Buffer,
  fromId: number,
  local: { readonly id: number; readonly name: string },
  nameOf: (id: number) => string | undefined,
): Received {
  try {
    const { host, sender } = readFrameAddress(body);
    if (sender.id !== 0 && sender.id !== fromId) {
      return { kind: 'invalid', why: `frame claims to be of node ${sender.id} but came from node ${fromId}` };
    }
    if (host.id !== 0 && host.id !== local.id) return { kind: 'elsewhere' };
    if (host.name !== '' && host.name.toLowerCase() !== local.name.toLowerCase()) return { kind: 'elsewhere' };
    const name = sender.name === '' ? nameOf(fromId) : sender.name;
    if (name === undefined) return { kind: 'invalid', why: `node ${fromId} did not tell its name` };
    const parsed = parseXml(decodeClusterFrame(body).text);
    const cause = parsed.attributes.get(CAUSE_ATTRIBUTE);
    return { kind: 'message', name, cause, element: withAttributes(parsed, { src: name, [CAUSE_ATTRIBUTE]: null }) };
  } catch (error) {
    if (error instanceof FrameFormatError || error instanceof XmlError) return { kind: 'invalid', why: error.message };
    throw error;
  }
}
