import { join } from 'node:path';
import { freePort } from '@parley/load-kit/cluster';
import { type LocalCluster, startLocalCluster } from '@parley/local-cluster';
import type { Scenario } from './scenario-file.ts';

/** Short enough that a killed server's places are free again within a scenario. */
const SESSION_TTL_MS = 5_000;

/** A cluster for one run, with a data directory of its own and the settings that the scenario asks for. */
export async function startCluster(
  { cluster }: Scenario,
  { directory, report, signal }: { directory: string; report: (line: string) => void; signal: AbortSignal },
): Promise<LocalCluster> {
  return await startLocalCluster({
    signal,
    report,
    env: {
      ...process.env,
      PORT: String(await freePort()),
      BIND_ADDRESS: 'localhost',
      NODE_ENV: '',
      DATA_DIR: join(directory, 'data'),
      REDIS_URL: undefined,
      MONGODB_URL: undefined, // users of a run are no guests in anybody's database
      ALLOW_GUESTS: 'true',
      SIGNUPS_PER_MINUTE: '1000000',
      SESSION_TTL_MS: String(SESSION_TTL_MS),
      ...cluster,
    },
  });
}
