import type { Recorder } from '@parley/load-kit/events';
import type { PlannedFault } from '@parley/load-kit/faults';
import { clusterProcessTarget, type FaultInjection, injectFaults } from '@parley/load-kit/faults';
import type { LocalCluster } from '@parley/local-cluster';

/** The processes to kill, and the time after all users have connected. */
const KILLS = [
  { name: 'chat-server-1', afterMs: 1_000 },
  { name: 'redis', afterMs: 2_000 },
  { name: 'message-worker-1', afterMs: 3_500 },
] as const;

/** Kills a chat server, Redis and a message worker one after the other. */
export function killProcesses(
  cluster: LocalCluster,
  options: { recorder: Recorder; report: (line: string) => void },
): FaultInjection {
  const targets = KILLS.map(({ name }) => clusterProcessTarget(cluster, name));
  const plan = KILLS.map(({ name, afterMs }): PlannedFault => {
    const target = targets.find((candidate) => candidate.name === name);
    if (!target) throw new Error(`there is no ${name}`);
    return { atMs: afterMs, kind: 'kill', target, durationMs: 0, seed: 0 };
  });
  return injectFaults(plan, targets, options);
}
