import endTestRun from '@parley/testing/jest/global-teardown';
import './global-setup.ts';

/** Stops the shared cluster before the run checks that no process is left. */
export default async function globalTeardown(): Promise<void> {
  await globalThis.parleySharedClusterHost?.close();
  await endTestRun();
}
