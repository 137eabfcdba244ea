/** A duration for people: `20s`, `1m30s`, `500ms`. */
export function readableDuration(milliseconds: number): string {
  if (milliseconds % 1000 !== 0 && milliseconds < 1000) return `${milliseconds}ms`;
  const seconds = Math.floor(milliseconds / 1000);
  const fraction = milliseconds % 1000 === 0 ? '' : `.${String(milliseconds % 1000).padStart(3, '0')}`;
  const parts: [number, string][] = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'm'],
  ];
  const text = parts.map(([value, unit]) => (value === 0 ? '' : `${value}${unit}`)).join('');
  const rest = seconds % 60;
  return rest === 0 && fraction === '' && text !== '' ? text : `${text}${rest}${fraction}s`;
}
