/** Schemas by name, oldest first (cib-schema.md 1). */
export const schemaNames: readonly string[] = [
  ...['1.0', '1.2', '1.3'],
  ...Array.from({ length: 11 }, (_, minor) => `2.${minor}`),
  ...Array.from({ length: 11 }, (_, minor) => `3.${minor}`),
  '4.0',
].map((version) => `pacemaker-${version}`);

/** A schema's version as a number, 309 for pacemaker-3.9; undefined for what is no schema. */
export function schemaNumber(schema: string): number | undefined {
  if (!schemaNames.includes(schema)) return undefined;
  const [major, minor] = schema.slice('pacemaker-'.length).split('.');
  return Number(major) * 100 + Number(minor);
}
