import { BREACHES, writeEvidence } from '@parley/load-kit/checker';
import { type LimitSampler, sampleLimits } from '@parley/load-kit/cluster';
import { Recorder } from '@parley/load-kit/events';
import { checkRun } from './check-run.ts';
import { createUsers, type UserGroup } from './create-users.ts';
import { fillHistory } from './fill-history.ts';
import { killProcesses } from './kill-processes.ts';
import type { ArtilleryOptions } from './options.ts';
import { Progress } from './progress.ts';
import type { Check, RunReport } from './report.ts';
import { type ArtilleryRun, type ProcessOutcome, runArtillery } from './run-artillery.ts';
import type { Scenario } from './scenario-file.ts';
import { SlowLink } from './slow-link.ts';
import { startCluster } from './start-cluster.ts';
import { type Summary, summarise } from './summarise.ts';

const DEFAULT_MAX_CLIENTS = 50;
const DEFAULT_MAX_IN_PROCESS = 500;

type Options = Extract<ArtilleryOptions, { kind: 'run' }>;
interface RunContext {
  /** For all that the run needs only meanwhile. */
  readonly directory: string;
  readonly report: (line: string) => void;
  readonly signal: AbortSignal;
}

/** One run: cluster, users, load, faults, and what all of it showed. */
export async function runScenario(scenario: Scenario, options: Options, context: RunContext): Promise<RunReport> {
  const { report, signal } = context;
  const stops: (() => Promise<void>)[] = [];
  try {
    const cluster = options.target ? undefined : await startCluster(scenario, context);
    if (cluster) stops.push(() => cluster.stop());
    const url = options.target ?? cluster?.url ?? '';
    const users = scenario.pools.reduce((sum, pool) => sum + pool.users, 0);
    report(`making ${users} users at ${url}`);
    const groups = await createUsers(scenario, { url, ...context });
    if (scenario.history > 0) {
      report(`writing ${scenario.history} messages of history`);
      await fillHistory(url, scenario.history, signal);
    }
    const link = scenario.network && (await SlowLink.open(new URL(url), scenario.network));
    if (link) stops.push(() => link.close());

    const recorder = new Recorder();
    const sampler = cluster && sampleLimits(cluster.redisUrl, recorder);
    if (sampler) stops.push(() => sampler.stop());
    const startedAtMs = Date.now();
    const run = runArtillery(scenario, groups, { url: link?.url ?? url, chaos: options.chaos, ...context });
    const connecting = scenario.pools
      .filter(({ connectsFirst }) => connectsFirst)
      .reduce((sum, pool) => sum + pool.users, 0);
    const { samplesFiles } = run;
    const progress = new Progress({ samplesFiles, barrierDirectory: context.directory, users, connecting, report });
    let outcomes: readonly ProcessOutcome[];
    try {
      if (options.chaos && cluster) {
        await progress.untilAllConnected(run.finished);
        const faults = killProcesses(cluster, { recorder, report });
        stops.push(() => faults.stop());
      }
      outcomes = await run.finished;
    } finally {
      progress.stop();
    }
    signal.throwIfAborted();
    const summary = summarise(progress.samples());
    const limits = limitsOf(scenario);
    const checks = [
      ...checksOf(outcomes, summary, options.chaos),
      ...limitChecks(recorder, sampler, limits, options.chaos),
    ];
    const checked =
      options.chaos && cluster && (await checkChaosRun(cluster, groups, { run, recorder, limits, context }));
    const beganAtMs = startedAtMs - summary.startedAt * 1_000;
    return {
      ...summary,
      name: options.chaos ? `${scenario.name}-chaos` : scenario.name,
      question: scenario.question,
      madeAt: new Date(startedAtMs).toISOString(),
      target: options.target ?? 'own',
      users,
      checks: [...checks, ...(checked ? checked.checks : [])],
      faults: recorder.faults.map(({ kind, target, atMs }) => ({
        second: Math.max(0, (beganAtMs + atMs) / 1_000),
        text: `${kind} ${target}`,
      })),
      verdict: checked ? checked.verdict : undefined,
    };
  } finally {
    for (const stop of stops.reverse()) await stop();
  }
}

const limitsOf = ({ cluster }: Scenario) => ({
  maxClients: Number(cluster.MAX_CLIENTS ?? DEFAULT_MAX_CLIENTS),
  maxInProcess: Number(cluster.MAX_IN_PROCESS ?? DEFAULT_MAX_IN_PROCESS),
});

/** What must hold in every scenario, besides its own `ensure`. */
function checksOf(outcomes: readonly ProcessOutcome[], { counters }: Summary, chaos: boolean): Check[] {
  const total = (name: string) => outcomes.reduce((sum, outcome) => sum + (outcome.counters[name] ?? 0), 0);
  const created = total('vusers.created');
  const completed = total('vusers.completed');
  const counted = (name: string) => counters[name] ?? 0;
  const ensured = new Map<string, boolean>();
  for (const { text, ok } of outcomes.flatMap(({ checks }) => checks)) {
    ensured.set(text, ok && (ensured.get(text) ?? true));
  }
  return [
    ...outcomes
      .filter(({ exitCode, checks }) => exitCode !== 0 && checks.every(({ ok }) => ok))
      .map(({ exitCode, logFile }) => ({ text: `Artillery ended with ${exitCode}: ${logFile}`, ok: false })),
    { text: `everybody came to the end: ${completed} of ${created}`, ok: created > 0 && completed === created },
    {
      text: `all that was sent is acked: ${counted('acked')} of ${counted('sent')}`,
      ok: counted('acked') === counted('sent') && counted('acked') > 0,
    },
    { text: `messages were delivered: ${counted('delivered')}`, ok: counted('delivered') > 0 },
    ...(chaos ? ['lost', 'wrong_place', 'out_of_order'] : []).map((name) => ({
      text: `${name.replaceAll('_', ' ')}: ${counted(name)}`,
      ok: counted(name) === 0,
    })),
    ...[...ensured].map(([text, ok]) => ({ text: `ensure ${text}`, ok })),
  ];
}

/** The cluster's own books. With `chaos` the checker looks into them. */
function limitChecks(
  { events }: Recorder,
  sampler: LimitSampler | undefined,
  { maxClients, maxInProcess }: ReturnType<typeof limitsOf>,
  chaos: boolean,
): Check[] {
  if (!sampler || chaos) return [];
  const samples = events.filter((event) => event.type === 'sample');
  const leases = samples.reduce((most, sample) => Math.max(most, sample.leases), 0);
  const inProcess = samples.reduce((most, sample) => Math.max(most, sample.inProcess), 0);
  return [
    { text: `places taken: ${leases} at most, ${maxClients} allowed`, ok: maxClients === 0 || leases <= maxClients },
    { text: `messages in process: ${inProcess} at most, ${maxInProcess} allowed`, ok: inProcess <= maxInProcess },
  ];
}

async function checkChaosRun(
  cluster: Awaited<ReturnType<typeof startCluster>>,
  groups: readonly UserGroup[],
  {
    run,
    recorder,
    limits,
    context,
  }: {
    run: ArtilleryRun;
    recorder: Recorder;
    limits: ReturnType<typeof limitsOf>;
    context: RunContext;
  },
) {
  context.report('the checker judges what clients and store show');
  const { eventFiles } = run;
  const { record, judgement } = await checkRun(cluster, groups, { eventFiles, recorder, limits });
  const { verdict } = judgement;
  const checks: Check[] = BREACHES.map((breach) => ({
    text: `checker: ${breach} ${verdict[breach]}`,
    ok: verdict[breach] === 0,
  }));
  if (checks.some(({ ok }) => !ok)) await writeEvidence(context.directory, record, judgement);
  checks.push({ text: `parts killed: ${verdict.faults} of 3`, ok: verdict.faults === 3 });
  return { verdict, checks };
}
