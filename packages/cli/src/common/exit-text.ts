export { exitText } from '@sanode/status/exit-text';
