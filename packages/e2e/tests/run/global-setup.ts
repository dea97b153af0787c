import beginTestRun from '@parley/testing/jest/global-setup';
import { hostSharedCluster } from './shared-cluster-host.ts';

declare global {
  var parleySharedClusterHost: { close(): Promise<void> } | undefined;
}

export default async function globalSetup(): Promise<void> {
  beginTestRun();
  globalThis.parleySharedClusterHost = await hostSharedCluster();
}
