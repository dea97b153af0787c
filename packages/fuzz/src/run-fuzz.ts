import { signUpGuest } from '@parley/load-kit/clients';
import { watchExits } from '@parley/load-kit/cluster';
import { pause } from '@parley/service-kit';
import { Attack } from './attack/attack.ts';
import type { Finding } from './attack/findings.ts';
import { awaitNothingLeft } from './checks/await-nothing-left.ts';
import { readLogs } from './checks/read-logs.ts';
import type { Verdict } from './checks/verdict.ts';
import { watchMemory } from './checks/watch-memory.ts';
import { HealthyUsers } from './healthy/healthy-users.ts';
import { ADVISORIES } from './inputs/advisories.ts';
import { HAND_MADE } from './inputs/hand-made.ts';
import type { HostileInput } from './inputs/hostile-input.ts';
import { readRegressions } from './inputs/read-regressions.ts';
import { isSchemathesisInstalled, runSchemathesis } from './schemathesis.ts';
import { attackAddresses, NODES, type TestBed } from './test-bed.ts';

const HEALTHY_USERS = 10;
const ATTACKERS = 40;
const INPUTS_PER_SECOND = 420;
/** Code and caches warm up before the comparison. */
const WARM_UP_MS = 5_000;
const MAX_BASELINE_MS = 30_000;
const POLL_INTERVAL_MS = 500;
const PROGRESS_INTERVAL_MS = 5_000;
/** Garbage collection follows the end of the load. */
const CALM_MS = 5_000;

export interface FuzzOutcome {
  readonly verdict: Verdict;
  /** One line for each violation and for what was seen beside them. */
  readonly details: readonly string[];
  readonly notes: readonly string[];
  readonly findings: readonly Finding[];
  /** The last inputs before a process ended or at the end, for a violation that no reply shows. */
  readonly recentInputs: readonly HostileInput[];
}

/** Measures the healthy users alone, attacks, and waits until nothing of the attack is left. */
export async function runFuzz(
  bed: TestBed,
  {
    seconds,
    seed,
    report,
    signal,
  }: { seconds: number; seed: number; report: (line: string) => void; signal: AbortSignal },
): Promise<FuzzOutcome> {
  const { cluster } = bed;
  const exits = watchExits(() => cluster.processes());
  const names = cluster.processes().map(({ name }) => name);
  const memory = watchMemory(() => cluster.processes());
  const ending = new AbortController();
  const stop = AbortSignal.any([signal, ending.signal]);
  let healthy: HealthyUsers | undefined;
  let attack: Attack | undefined;
  try {
    healthy = await HealthyUsers.connect(cluster.url, HEALTHY_USERS, signal);
    const message = await healthy.sendSecret();
    healthy.work();
    report(`${healthy.count} healthy users online; measuring them alone`);
    await pause(WARM_UP_MS, signal);
    healthy.takeLatencies();
    memory.takeMedian();
    await pause(Math.min(seconds * 1_000, MAX_BASELINE_MS), signal);
    signal.throwIfAborted();
    const before = { latencies: healthy.takeLatencies(), memory: memory.takeMedian(), byProcess: memory.latest() };

    const cases = [...readRegressions(), ...ADVISORIES, ...HAND_MADE];
    const [schemathesisAddress = '', ...addresses] = await attackAddresses(ATTACKERS + 1);
    const endpoint = { host: '127.0.0.1', localAddress: addresses[0] ?? '' };
    const [owner] = healthy.accounts;
    const schemathesisGuest = await signUpGuest(cluster.url, 'Schemathesis', { signal });
    attack = new Attack({
      ...{ seed, attackers: ATTACKERS, inputsPerSecond: INPUTS_PER_SECOND, addresses },
      publicEndpoint: { ...endpoint, port: cluster.port },
      chatServers: bed.chatServers().map(({ port }) => ({ ...endpoint, port })),
      secrets: {
        'the title of a private group': healthy.group.secrets.title,
        'the text of a private message': healthy.group.secrets.text,
        'the secret that signs tokens': cluster.jwtSecret,
        ...Object.fromEntries(healthy.accounts.map(({ token }, index) => [`the token of healthy-${index + 1}`, token])),
      },
      shared: {
        host: `localhost:${cluster.port}`,
        ...{ lobby: 'lobby', private: healthy.group.id, victim: owner?.userId ?? '', message },
      },
      cases: cases.flatMap(({ inputs }) => inputs),
    });
    while (!attack.isStarted) {
      await pause(POLL_INTERVAL_MS, signal);
      signal.throwIfAborted();
      attack.check();
    }
    report(`attack for ${seconds} s with seed ${seed}; ${cases.length} named cases first`);
    healthy.takeLatencies();
    const endsAt = performance.now() + seconds * 1_000;
    const schemathesis = isSchemathesisInstalled()
      ? runSchemathesis({
          target: { host: '127.0.0.1', port: cluster.port, localAddress: schemathesisAddress },
          ...{ token: schemathesisGuest.token, seconds, seed, directory: bed.directory, signal: stop },
        })
      : undefined;
    let recentInputs: readonly HostileInput[] | undefined;
    for (let reportAt = 0; performance.now() < endsAt || attack.casesLeft > 0; ) {
      await pause(POLL_INTERVAL_MS, signal);
      signal.throwIfAborted();
      attack.check();
      const ended = exits.unexpectedExits();
      if (ended.length > 0) recentInputs ??= await attack.recent();
      if (performance.now() < reportAt) continue;
      reportAt = performance.now() + PROGRESS_INTERVAL_MS;
      report(
        `${attack.inputs} inputs, ${attack.findings.length} findings, ${ended.length} processes ended, ${refusals(healthy)} refusals of healthy users`,
      );
    }
    const during = healthy.takeLatencies();
    recentInputs ??= await attack.recent();
    ending.abort();
    const [, schemathesisRequests = 0] = await Promise.all([attack.stop(), schemathesis]);
    report('the attack has ended; waiting until nothing of it is left');
    await healthy.stopWork();
    const left = await awaitNothingLeft(() => bed.chatServers(), { servers: NODES, sessions: healthy.count }, signal);
    const peak = memory.takePeak();
    memory.takeMedian();
    await pause(CALM_MS, signal);
    const after = { memory: memory.takeMedian(), byProcess: memory.latest() };
    const logs = await readLogs(bed.directory);
    const running = new Set(cluster.processes().map(({ name }) => name));
    // A process that has ended and does not run again has no second pid yet.
    const ended = [
      ...exits.unexpectedExits(),
      ...names.filter((name) => !running.has(name)).map((name) => ({ name, count: 1 })),
    ];
    const errors = attack.findings.filter(({ kind }) => kind === 'server-error');
    const leaks = [
      ...attack.findings.filter(({ kind }) => kind === 'leak').map(({ what }) => what),
      ...healthy.leaks,
      ...left,
    ];
    const [p99Before, p99During] = [before.latencies.quantileMs(0.99), during.quantileMs(0.99)];
    return {
      verdict: {
        inputs: attack.inputs + schemathesisRequests,
        exits: ended.reduce((sum, { count }) => sum + count, 0),
        unhandled: logs.unhandled.length,
        // The logs have those that nobody read, the replies those that no chat server made.
        serverErrors: Math.max(errors.length, logs.failedRequests.length),
        leaks: leaks.length,
        healthyP99Ratio: during.total > 0 && p99Before > 0 ? p99During / p99Before : Number.NaN,
        rssGrowthMb: after.memory - before.memory,
      },
      details: [
        ...ended.map(({ name, count }) => `${name} ended (${count} times)`),
        ...logs.unhandled,
        ...errors.map(({ what, input }) => `${what} for ${JSON.stringify(input)}`),
        ...logs.failedRequests,
        ...leaks,
      ],
      notes: [
        `healthy users: p99 ${p99Before.toFixed(1)} ms before, ${p99During.toFixed(1)} ms during (${before.latencies.total} and ${during.total} requests)`,
        ...[...healthy.refusals].map(([code, count]) => `healthy users: ${count} requests refused with ${code}`),
        ...healthy.disconnects.map((reason) => `disconnected: ${reason}`),
        `memory: ${before.memory.toFixed(0)} MiB before, at most ${peak.toFixed(0)} MiB, ${after.memory.toFixed(0)} MiB after`,
        ...[...after.byProcess].map(
          ([name, mib]) =>
            `memory of ${name}: ${before.byProcess.get(name)?.toFixed(0)} MiB before, ${mib.toFixed(0)} MiB after`,
        ),
        schemathesis
          ? `schemathesis sent ${schemathesisRequests} requests`
          : 'schemathesis is not installed: REST was attacked without it',
      ],
      findings: attack.findings,
      recentInputs,
    };
  } finally {
    ending.abort();
    exits.stop();
    healthy?.close();
    await attack?.stop();
    await memory.stop();
  }
}

const refusals = (healthy: HealthyUsers) => [...healthy.refusals.values()].reduce((sum, count) => sum + count, 0);
