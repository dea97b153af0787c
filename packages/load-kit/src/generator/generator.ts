import { type ChildProcess, fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type {
  ClientPoolOptions,
  ClosedLoopLoad,
  Command,
  CommandEnvelope,
  FixedRateLoad,
  LossTally,
  Replies,
  ReplyEnvelope,
  Report,
} from './commands.ts';
import { LatencyHistogram } from './latency-histogram.ts';

const PROCESS = fileURLToPath(new URL('./generator-process.ts', import.meta.url));

/** The sum of the reports of all generator processes. */
export interface Observation extends Omit<Report, 'latencies'> {
  readonly latencies: LatencyHistogram;
}

/**
 * A load generator with many clients in few processes. Every client has its own WebSocket, and received messages are counted
 * exactly (see `ReceivedTally`).
 */
export class Generator {
  readonly #processes: readonly GeneratorProcess[];

  /** @param processes number of processes; the limit of open files bounds the clients of each */
  constructor(processes: number) {
    this.#processes = Array.from({ length: processes }, () => new GeneratorProcess());
  }

  get pids(): readonly number[] {
    return this.#processes.map(({ pid }) => pid);
  }

  /** Resolves when each client is connected or has failed. */
  async connect(pool: Omit<ClientPoolOptions, 'name' | 'firstIndex'>): Promise<void> {
    const name = randomUUID().slice(0, 8);
    const shares = shareOut(pool.clients, this.#processes.length);
    let firstIndex = 0;
    await Promise.all(
      this.#processes.map((process, index) => {
        const clients = shares[index] ?? 0;
        const connecting = process.ask({ kind: 'connect', pool: { ...pool, name, clients, firstIndex } });
        firstIndex += clients;
        return connecting;
      }),
    );
  }

  /** Starts to send at a fixed rate. The rate and the senders are totals of all processes. */
  async sendAtRate(load: FixedRateLoad): Promise<void> {
    const senders = shareOut(load.senders, this.#processes.length);
    await Promise.all(
      this.#processes.map((process, index) => {
        const own = senders[index] ?? 0;
        if (own === 0) return undefined;
        const perSecond = (load.perSecond * own) / load.senders;
        return process.ask({ kind: 'sendAtRate', load: { ...load, senders: own, perSecond } });
      }),
    );
  }

  /** Starts to send as fast as acks arrive. */
  async sendOnAck(load: ClosedLoopLoad): Promise<void> {
    await Promise.all(this.#processes.map((process) => process.ask({ kind: 'sendOnAck', load })));
  }

  /** Starts a latency measurement of messages that are sent in this period, in `machineNowMs`. */
  async observe(fromMs: number, toMs: number): Promise<void> {
    await Promise.all(this.#processes.map((process) => process.ask({ kind: 'observe', fromMs, toMs })));
  }

  async report(): Promise<Observation> {
    return sumUp(await Promise.all(this.#processes.map((process) => process.ask({ kind: 'report' }))));
  }

  /** Returns the acks of messages that were due in the observed period, by client in their order. */
  async acks(): Promise<{ latencies: LatencyHistogram; byClient: readonly number[] }> {
    const reports = await Promise.all(this.#processes.map((process) => process.ask({ kind: 'acks' })));
    const latencies = new LatencyHistogram();
    for (const report of reports) latencies.merge(report.latencies);
    return { latencies, byClient: reports.flatMap(({ byClient }) => byClient) };
  }

  /** Counts acked messages that clients have not received. */
  async tally({ heads }: Pick<Observation, 'heads'>): Promise<LossTally> {
    const tallies = await Promise.all(this.#processes.map((process) => process.ask({ kind: 'tally', heads })));
    return tallies.reduce((a, b) => ({ lost: a.lost + b.lost, behind: a.behind + b.behind }));
  }

  async close(): Promise<void> {
    await Promise.all(this.#processes.map((process) => process.close()));
  }
}

class GeneratorProcess {
  readonly #child: ChildProcess = fork(PROCESS, { serialization: 'advanced', execArgv: [], env: ownEnv() });
  readonly #waiting = new Map<number, PromiseWithResolvers<Replies[keyof Replies]>>();
  #lastId = 0;

  constructor() {
    this.#child.on('message', (reply: ReplyEnvelope) => {
      const waiting = this.#waiting.get(reply.id);
      this.#waiting.delete(reply.id);
      if ('error' in reply) waiting?.reject(new Error(`the generator failed: ${reply.error}`));
      else waiting?.resolve(reply.value);
    });
    this.#child.on('exit', (code, signal) => {
      for (const { reject } of this.#waiting.values())
        reject(new Error(`a generator process exited (${signal ?? code})`));
      this.#waiting.clear();
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  ask<K extends Command['kind']>(command: Extract<Command, { kind: K }>): Promise<Replies[K]> {
    const waiting = Promise.withResolvers<Replies[keyof Replies]>();
    this.#lastId += 1;
    const envelope: CommandEnvelope = { id: this.#lastId, command };
    this.#waiting.set(envelope.id, waiting);
    this.#child.send(envelope, (error) => {
      if (!error) return;
      this.#waiting.delete(envelope.id);
      waiting.reject(new Error('the generator is closed', { cause: error }));
    });
    return waiting.promise as Promise<Replies[K]>;
  }

  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    if (this.#child.connected) this.#child.disconnect();
    await exited;
  }
}

/** `NODE_OPTIONS` is meant for the servers under test. */
const ownEnv = (): NodeJS.ProcessEnv => ({ ...process.env, NODE_OPTIONS: undefined });

function shareOut(count: number, places: number): number[] {
  return Array.from(
    { length: places },
    (_, index) => Math.floor(((index + 1) * count) / places) - Math.floor((index * count) / places),
  );
}

function sumUp(reports: readonly Report[]): Observation {
  const latencies = new LatencyHistogram();
  const heads = new Map<string, number>();
  for (const report of reports) {
    latencies.merge(report.latencies);
    for (const [stream, head] of report.heads) heads.set(stream, Math.max(head, heads.get(stream) ?? 0));
  }
  const sum = (value: (report: Report) => number) => reports.reduce((total, report) => total + value(report), 0);
  const counts = (value: (report: Report) => Readonly<Record<string, number>>) => {
    const total: Record<string, number> = {};
    for (const report of reports) {
      for (const [name, count] of Object.entries(value(report))) total[name] = (total[name] ?? 0) + count;
    }
    return total;
  };
  return {
    ready: sum(({ ready }) => ready),
    failedConnects: counts(({ failedConnects }) => failedConnects),
    closed: counts(({ closed }) => closed),
    sent: sum(({ sent }) => sent),
    acked: sum(({ acked }) => acked),
    refused: counts(({ refused }) => refused),
    unacked: sum(({ unacked }) => unacked),
    received: sum(({ received }) => received),
    repeated: sum(({ repeated }) => repeated),
    late: sum(({ late }) => late),
    receivedSinceStart: sum(({ receivedSinceStart }) => receivedSinceStart),
    latencies,
    maxSendDelayMs: Math.max(0, ...reports.map(({ maxSendDelayMs }) => maxSendDelayMs)),
    heads: [...heads],
  };
}
