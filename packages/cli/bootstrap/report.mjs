/** One line for each step that takes time or changes something. */
export function report(line) {
  process.stderr.write(`parley: ${line}\n`);
}

export function fail(line, exitCode = 1) {
  report(line);
  process.exit(exitCode);
}
