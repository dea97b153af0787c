import { Workload } from '@parley/load-kit/clients';
import { sampleLimits, watchExits } from '@parley/load-kit/cluster';
import type { EventRecord } from '@parley/load-kit/events';
import { Recorder } from '@parley/load-kit/events';
import { pause } from '@parley/service-kit';
import { chatServersOf } from './experiments/chat-servers.ts';
import type { Experiment } from './experiments/experiment.ts';
import type { Measurement } from './experiments/measurement.ts';
import { settle } from './settle.ts';
import { MAX_CLIENTS, MAX_IN_PROCESS, type TestBed } from './test-bed.ts';

const PROGRESS_INTERVAL_MS = 5_000;
/** How long the load continues after the experiment. */
const LOAD_AFTER_MS = 2_000;

export interface ExperimentOutcome {
  readonly record: EventRecord;
  readonly measurements: readonly Measurement[];
  /** One line for each process that exited unexpectedly, and for messages in process that nobody completes. */
  readonly problems: readonly string[];
}

/** Runs an experiment on a fresh test bed: starts the load, runs the experiment, and waits until all clients have caught up. */
export async function runExperiment(
  bed: TestBed,
  experiment: Experiment,
  { seed, report, signal }: { seed: number; report: (line: string) => void; signal: AbortSignal },
): Promise<ExperimentOutcome> {
  const recorder = new Recorder();
  const sampler = sampleLimits(bed.redis.url, recorder, bed.partitions);
  const exitWatch = watchExits(() => bed.processes());
  let workload: Workload | undefined;
  let progress: NodeJS.Timeout | undefined;
  try {
    const serverUrls = chatServersOf(bed).map(({ port }) => `http://127.0.0.1:${port}`);
    workload = await Workload.start({ url: bed.url, serverUrls, recorder, seed, ...experiment.clientMix }, signal);
    const pool = workload;
    report(`${pool.size} clients online; ${experiment.summary}; seed ${seed}`);
    pool.startSending();
    progress = setInterval(() => {
      const acked = recorder.events.reduce((count, { type }) => count + (type === 'acked' ? 1 : 0), 0);
      const inProcess = sampler.inProcess ?? 'unknown';
      report(
        `${acked} acked, ${pool.online}/${pool.size} online, ${pool.pending} unacked, in process ${inProcess}, ${recorder.faults.length} faults`,
      );
    }, PROGRESS_INTERVAL_MS);
    const evaluate = await experiment.run({ bed, workload, recorder, seed, report, signal });
    signal.throwIfAborted();
    await pause(LOAD_AFTER_MS, signal);
    await pool.stopSending();
    report('all faults are healed; waiting until all clients have caught up');
    const { pages, problems } = await settle(bed.url, pool, sampler, { recorder, report, signal });
    const stored = await bed.readStore();
    const record = {
      limits: { maxClients: MAX_CLIENTS, maxInProcess: MAX_IN_PROCESS },
      conversations: pool.conversations,
      clients: pool.clients,
      events: [...recorder.events], // copied before the clients disconnect
      faults: recorder.faults.sort((a, b) => a.atMs - b.atMs),
      stored,
      pages,
    };
    for (const { name, count } of exitWatch.unexpectedExits(recorder.faults))
      problems.push(`${name} exited unexpectedly (${count} times)`);
    return { record, measurements: evaluate(record), problems };
  } finally {
    exitWatch.stop();
    clearInterval(progress);
    await workload?.close();
    await sampler.stop();
  }
}
