import { pause } from '@parley/service-kit';
import { carryOut } from '../faults/carry-out.ts';
import { planFaults } from '../faults/plan-faults.ts';
import { watchExits } from '../faults/watch-exits.ts';
import type { History, RecordedMessage } from '../history/history.ts';
import { readPages } from '../history/read-store.ts';
import { Recorder } from '../history/recorder.ts';
import { sampleLimits } from '../history/sample-limits.ts';
import { Load } from '../load/load.ts';
import type { ChaosOptions } from './options.ts';
import { MAX_CLIENTS, MAX_IN_PROCESS, type TestBed } from './test-bed.ts';

const PROGRESS_EVERY_MS = 5_000;
/** After the last fault everybody goes on for a while. */
const AFTERMATH_MS = 2_000;
const CATCH_UP_DEADLINE_MS = 60_000;
const READ_DEADLINE_MS = 60_000;
const LOOK_EVERY_MS = 250;

const LOAD = { plainClients: 22, libraryClients: 22, knockers: 10, pauseMs: [250, 750] } as const;

export interface ChaosOutcome {
  /** All that was observed. */
  readonly history: History;
  /** Processes that ended without being killed, a line for each. */
  readonly exits: readonly string[];
}

/** One run on a fresh test bed: load, faults, healing, catching up. */
export async function runChaos(
  bed: TestBed,
  options: Pick<ChaosOptions, 'faults' | 'seconds' | 'seed'>,
  { report, signal }: { report: (line: string) => void; signal: AbortSignal },
): Promise<ChaosOutcome> {
  const { faults, seconds, seed } = options;
  const recorder = new Recorder();
  const plan = planFaults({ seed, faults, seconds, targets: bed.breakables });
  const sampler = sampleLimits(bed.redisUrl, recorder);
  const exitWatch = watchExits(() => bed.processes());
  let load: Load | undefined;
  let progress: NodeJS.Timeout | undefined;
  try {
    load = await Load.gather({ url: bed.url, recorder, seed, ...LOAD }, signal);
    const crowd = load;
    report(`${crowd.size} clients are in; ${faults} faults in ${seconds} s, seed ${seed}`);
    crowd.talk();
    const run = carryOut(plan, bed.breakables, { recorder, report });
    const stopRun = () => void run.stop();
    signal.addEventListener('abort', stopRun, { once: true });
    progress = setInterval(() => {
      const acked = recorder.events.filter(({ type }) => type === 'acked').length;
      const inProcess = sampler.inProcess ?? 'unknown';
      report(
        `${acked} acked, ${crowd.online}/${crowd.size} online, ${crowd.pending} unacked, in process ${inProcess}, ${run.done} faults`,
      );
    }, PROGRESS_EVERY_MS);
    await run.finished;
    signal.removeEventListener('abort', stopRun);
    signal.throwIfAborted();
    await pause(AFTERMATH_MS, signal);
    await crowd.fallSilent();
    report('all is healed; waiting until everybody has caught up');
    const pages = await settle(bed, crowd, sampler, { report, signal });
    const stored = await bed.readStore();
    const history = {
      limits: { maxClients: MAX_CLIENTS, maxInProcess: MAX_IN_PROCESS },
      conversations: crowd.conversations,
      clients: crowd.clients,
      events: recorder.events,
      faults: recorder.faults.sort((a, b) => a.atMs - b.atMs),
      stored,
      pages,
    };
    return { history, exits: exitWatch.unasked(recorder.faults) };
  } finally {
    exitWatch.stop();
    clearInterval(progress);
    await load?.close();
    await sampler.stop();
  }
}

/** Waits, within bounds, until nothing is in process and every client has all; what is still missing then is missing. */
async function settle(
  bed: TestBed,
  load: Load,
  sampler: { readonly inProcess: number | undefined },
  { report, signal }: { report: (line: string) => void; signal: AbortSignal },
): Promise<RecordedMessage[]> {
  const overdue = AbortSignal.any([signal, AbortSignal.timeout(CATCH_UP_DEADLINE_MS)]);
  while (!overdue.aborted && (load.pending > 0 || sampler.inProcess !== 0)) await pause(LOOK_EVERY_MS, overdue);
  const reading = AbortSignal.any([signal, AbortSignal.timeout(READ_DEADLINE_MS)]);
  const pages: RecordedMessage[] = [];
  const heads = new Map<string, number>();
  for (const { id } of load.conversations) {
    const messages = await readPages(bed.url, load.readerOf(id), id, reading);
    pages.push(...messages);
    heads.set(id, messages.at(-1)?.seq ?? 0);
  }
  while (!overdue.aborted && load.behind(heads).length > 0) await pause(LOOK_EVERY_MS, overdue);
  signal.throwIfAborted();
  const behind = load.behind(heads);
  if (sampler.inProcess !== 0) report(`still in process after ${CATCH_UP_DEADLINE_MS} ms: ${sampler.inProcess}`);
  for (const line of behind) report(`has not caught up within ${CATCH_UP_DEADLINE_MS} ms: ${line}`);
  return pages;
}
