import { beginTestRun, type TestRun } from './test-run.ts';

declare global {
  var parleyTestRun: TestRun | undefined;
}

export default function globalSetup(): void {
  globalThis.parleyTestRun = beginTestRun();
}
