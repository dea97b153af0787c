/** Prints a line about a step that takes time or changes the machine. */
export function report(line) {
  process.stderr.write(`parley: ${line}\n`);
}

export function fail(line, exitCode = 1) {
  report(line);
  process.exit(exitCode);
}
