import { VIOLATION_KINDS, writeEvidence } from '@parley/load-kit/checker';
import { type LimitSampler, sampleLimits, startTestCluster } from '@parley/load-kit/cluster';
import { Recorder } from '@parley/load-kit/events';
import { NetworkLink, type NetworkShape } from '@parley/load-kit/faults';
import type { LocalCluster } from '@parley/local-cluster';
import { checkRun } from './check-run.ts';
import { createUsers, type UserGroup } from './create-users.ts';
import { fillHistory } from './fill-history.ts';
import { killProcesses } from './kill-processes.ts';
import type { ArtilleryOptions } from './options.ts';
import { Progress } from './progress.ts';
import type { Check, RunReport } from './report.ts';
import { type ArtilleryRun, type ProcessOutcome, runArtillery } from './run-artillery.ts';
import type { Scenario } from './scenario-file.ts';
import { type Summary, summarise } from './summarise.ts';

const DEFAULT_MAX_CLIENTS = 50;
const DEFAULT_MAX_IN_PROCESS = 500;
/** Short, so that the slots of a killed server expire during a scenario. */
const SESSION_TTL_MS = 5_000;

type Options = Extract<ArtilleryOptions, { kind: 'run' }>;
interface RunContext {
  /** For temporary files and the cluster's data. */
  readonly directory: string;
  readonly report: (line: string) => void;
  readonly signal: AbortSignal;
}

/** Starts a cluster unless a target is given, creates the users, runs Artillery and summarises the results. */
export async function runScenario(scenario: Scenario, options: Options, context: RunContext): Promise<RunReport> {
  const { report, signal } = context;
  const stops: (() => Promise<void>)[] = [];
  try {
    const cluster = options.target ? undefined : await startCluster(scenario, context);
    if (cluster) stops.push(() => cluster.stop());
    const url = options.target ?? cluster?.url ?? '';
    const users = scenario.pools.reduce((sum, pool) => sum + pool.users, 0);
    report(`creating ${users} users at ${url}`);
    const groups = await createUsers(scenario, { url, ...context });
    if (scenario.history > 0) {
      report(`sending ${scenario.history} messages of history`);
      await fillHistory(url, scenario.history, signal);
    }
    const link = scenario.network && (await openLink(url, scenario.network));
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
    const recorderStartMs = startedAtMs - summary.startedAt * 1_000;
    return {
      ...summary,
      name: options.chaos ? `${scenario.name}-chaos` : scenario.name,
      question: scenario.question,
      madeAt: new Date(startedAtMs).toISOString(),
      target: options.target ?? 'own',
      users,
      checks: [...checks, ...(checked ? checked.checks : [])],
      faults: recorder.faults.map(({ kind, target, atMs }) => ({
        second: Math.max(0, (recorderStartMs + atMs) / 1_000),
        text: `${kind} ${target}`,
      })),
      verdict: checked ? checked.verdict : undefined,
    };
  } finally {
    for (const stop of stops.reverse()) await stop();
  }
}

const startCluster = ({ cluster }: Scenario, context: RunContext): Promise<LocalCluster> =>
  startTestCluster({
    ...context,
    settings: { SIGNUPS_PER_MINUTE: '1000000', SESSION_TTL_MS: String(SESSION_TTL_MS), ...cluster },
  });

function openLink(url: string, shape: NetworkShape): Promise<NetworkLink> {
  const { hostname: host, port } = new URL(url);
  return NetworkLink.open({ host, port: Number(port) }, shape);
}

const limitsOf = ({ cluster }: Scenario) => ({
  maxClients: Number(cluster.MAX_CLIENTS ?? DEFAULT_MAX_CLIENTS),
  maxInProcess: Number(cluster.MAX_IN_PROCESS ?? DEFAULT_MAX_IN_PROCESS),
});

/** Returns the checks of every scenario, and those of its own `ensure`. */
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
      .map(({ exitCode, logFile }) => ({ text: `Artillery exited with code ${exitCode}: ${logFile}`, ok: false })),
    { text: `users that finished the scenario: ${completed} of ${created}`, ok: created > 0 && completed === created },
    {
      text: `sent messages that were acked: ${counted('acked')} of ${counted('sent')}`,
      ok: counted('acked') === counted('sent') && counted('acked') > 0,
    },
    { text: `delivered messages: ${counted('delivered')}`, ok: counted('delivered') > 0 },
    ...(chaos ? ['lost', 'wrong_seq', 'out_of_order'] : []).map((name) => ({
      text: `${name.replaceAll('_', ' ')}: ${counted(name)}`,
      ok: counted(name) === 0,
    })),
    ...[...ensured].map(([text, ok]) => ({ text: `ensure ${text}`, ok })),
  ];
}

/** Returns the checks of the cluster's own counts. With `chaos` the checker does this. */
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
    {
      text: `session slots in use: at most ${leases}, limit ${maxClients}`,
      ok: maxClients === 0 || leases <= maxClients,
    },
    { text: `messages in process: at most ${inProcess}, limit ${maxInProcess}`, ok: inProcess <= maxInProcess },
  ];
}

async function checkChaosRun(
  cluster: LocalCluster,
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
  context.report('checking the recorded events and the store');
  const { eventFiles } = run;
  const { record, judgement } = await checkRun(cluster, groups, { eventFiles, recorder, limits });
  const { verdict } = judgement;
  const checks: Check[] = VIOLATION_KINDS.map((kind) => ({
    text: `checker: ${kind} ${verdict[kind]}`,
    ok: verdict[kind] === 0,
  }));
  if (checks.some(({ ok }) => !ok)) await writeEvidence(context.directory, record, judgement);
  checks.push({ text: `processes killed: ${verdict.faults} of 3`, ok: verdict.faults === 3 });
  return { verdict, checks };
}
