export { ConfError } from './error.ts';
export { type ConfSystem, parseCorosyncConf, parseUidgidFile } from './parse.ts';
export {
  type ConfAttribute,
  type ConfSection,
  confAttribute,
  confSection,
  confSections,
  parseConfTree,
  printConfTree,
  withConfAttribute,
  withConfSection,
} from './tree.ts';
export { type ConfKeys, type ConfValue, numberValue, parseInteger, textValue } from './values.ts';
