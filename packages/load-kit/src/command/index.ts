export { formatTable } from './format-table.ts';
export { integerOption, parseOptions } from './parse-options.ts';
export { type Command, runCommand } from './run-command.ts';
