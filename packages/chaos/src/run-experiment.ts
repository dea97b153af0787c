import { Workload } from '@parley/load-kit/clients';
import { sampleLimits } from '@parley/load-kit/cluster';
import type { EventRecord } from '@parley/load-kit/events';
import { Recorder } from '@parley/load-kit/events';
import { pause } from '@parley/service-kit';
import { chatServersOf } from './experiments/chat-servers.ts';
import type { Experiment } from './experiments/experiment.ts';
import type { Measurement } from './experiments/measurement.ts';
import { watchExits } from './faults/watch-exits.ts';
import { settle } from './settle.ts';
import { MAX_CLIENTS, MAX_IN_PROCESS, type TestBed } from './test-bed.ts';

const PROGRESS_EVERY_MS = 5_000;
/** After the run everybody goes on for a while. */
const AFTERMATH_MS = 2_000;

export interface ExperimentOutcome {
  /** All that was observed. */
  readonly record: EventRecord;
  readonly figures: readonly Measurement[];
  /** Processes that ended without being told to, a line for each. */
  readonly exits: readonly string[];
}

/** One run on a fresh test bed: load, run, healing, catching up. */
export async function runExperiment(
  bed: TestBed,
  experiment: Experiment,
  { seed, report, signal }: { seed: number; report: (line: string) => void; signal: AbortSignal },
): Promise<ExperimentOutcome> {
  const recorder = new Recorder();
  const sampler = sampleLimits(bed.redisUrl, recorder);
  const exitWatch = watchExits(() => bed.processes());
  let workload: Workload | undefined;
  let progress: NodeJS.Timeout | undefined;
  try {
    const serverUrls = chatServersOf(bed).map(({ port }) => `http://127.0.0.1:${port}`);
    workload = await Workload.start({ url: bed.url, serverUrls, recorder, seed, ...experiment.clientMix }, signal);
    const pool = workload;
    report(`${pool.size} clients are in; ${experiment.summary}; seed ${seed}`);
    pool.startSending();
    progress = setInterval(() => {
      const acked = recorder.events.reduce((count, { type }) => count + (type === 'acked' ? 1 : 0), 0);
      const inProcess = sampler.inProcess ?? 'unknown';
      report(
        `${acked} acked, ${pool.online}/${pool.size} online, ${pool.pending} unacked, in process ${inProcess}, ${recorder.faults.length} faults`,
      );
    }, PROGRESS_EVERY_MS);
    const evaluate = await experiment.run({ bed, workload, recorder, seed, report, signal });
    signal.throwIfAborted();
    await pause(AFTERMATH_MS, signal);
    await pool.stopSending();
    report('all is healed; waiting until everybody has caught up');
    const pages = await settle(bed.url, pool, sampler, { report, signal });
    const stored = await bed.readStore();
    const record = {
      limits: { maxClients: MAX_CLIENTS, maxInProcess: MAX_IN_PROCESS },
      conversations: pool.conversations,
      clients: pool.clients,
      events: [...recorder.events], // without the farewells
      faults: recorder.faults.sort((a, b) => a.atMs - b.atMs),
      stored,
      pages,
    };
    return { record, figures: evaluate(record), exits: exitWatch.unasked(recorder.faults) };
  } finally {
    exitWatch.stop();
    clearInterval(progress);
    await workload?.close();
    await sampler.stop();
  }
}
