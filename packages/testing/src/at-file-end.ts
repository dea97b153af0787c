export type FileTeardown = () => unknown;

declare global {
  var parleyFileTeardown: FileTeardown[] | undefined;
}

/**
 * Runs `close` when the test file ends, after its `afterAll` hooks; the last registered runs first. It also runs when all tests of
 * the file are skipped or the file fails to load, when jest skips `afterAll`. It must not import modules.
 */
export function atFileEnd(close: FileTeardown): void {
  if (!globalThis.parleyFileTeardown) throw new Error('atFileEnd works in test files only');
  globalThis.parleyFileTeardown.push(close);
}
