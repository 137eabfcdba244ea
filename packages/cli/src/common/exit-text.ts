export { exitText } from '@sanode/scheduler/values/exit-text';
