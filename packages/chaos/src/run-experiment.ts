import { Load } from '@parley/load-kit/clients';
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
  let load: Load | undefined;
  let progress: NodeJS.Timeout | undefined;
  try {
    const serverUrls = chatServersOf(bed).map(({ port }) => `http://127.0.0.1:${port}`);
    load = await Load.gather({ url: bed.url, serverUrls, recorder, seed, ...experiment.crowd }, signal);
    const crowd = load;
    report(`${crowd.size} clients are in; ${experiment.summary}; seed ${seed}`);
    crowd.talk();
    progress = setInterval(() => {
      const acked = recorder.events.reduce((count, { type }) => count + (type === 'acked' ? 1 : 0), 0);
      const inProcess = sampler.inProcess ?? 'unknown';
      report(
        `${acked} acked, ${crowd.online}/${crowd.size} online, ${crowd.pending} unacked, in process ${inProcess}, ${recorder.faults.length} faults`,
      );
    }, PROGRESS_EVERY_MS);
    const evaluate = await experiment.run({ bed, load, recorder, seed, report, signal });
    signal.throwIfAborted();
    await pause(AFTERMATH_MS, signal);
    await crowd.fallSilent();
    report('all is healed; waiting until everybody has caught up');
    const pages = await settle(bed.url, crowd, sampler, { report, signal });
    const stored = await bed.readStore();
    const record = {
      limits: { maxClients: MAX_CLIENTS, maxInProcess: MAX_IN_PROCESS },
      conversations: crowd.conversations,
      clients: crowd.clients,
      events: [...recorder.events], // without the farewells
      faults: recorder.faults.sort((a, b) => a.atMs - b.atMs),
      stored,
      pages,
    };
    return { record, figures: evaluate(record), exits: exitWatch.unasked(recorder.faults) };
  } finally {
    exitWatch.stop();
    clearInterval(progress);
    await load?.close();
    await sampler.stop();
  }
}
