export { evaluateSets } from './attribute-sets.ts';
export { compareVersions } from './compare.ts';
export { type NoteChange, passesDateExpression, passesDateSpec } from './date-expression.ts';
export {
  addDays,
  addMonths,
  addSeconds,
  addYears,
  compareTimes,
  type DateTime,
  formatUtc,
  fromEpoch,
  parseDateTime,
  toEpoch,
} from './dates.ts';
export { type Duration, durationSeconds, parseDuration } from './durations.ts';
export {
  intervalOrZero,
  parseInterval,
  parseMilliseconds,
  parseSpanMs,
  readableInterval,
  toSeconds,
} from './intervals.ts';
export { integerAtLeast, integerOr, isTrue, parseBoolean, type ScannedNumber, scanInteger } from './numbers.ts';
export { expandSubmatches, passesRule, type RuleInput } from './rule.ts';
export { addScores, clipScore, infinity, scoreOrZero, scoreText } from './scores.ts';
