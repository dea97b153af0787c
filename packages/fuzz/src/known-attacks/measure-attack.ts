import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, watchExits } from '@parley/load-kit/cluster';
import { pause } from '@parley/service-kit';
import { attackAddresses } from '../test-bed.ts';
import { register } from './healthy/client.ts';
import { comeAndChat } from './healthy/newcomer.ts';
import type { Observed } from './healthy/observed.ts';
import { RegisteredUsers } from './healthy/registered-users.ts';
import type { KnownAttack } from './known-attack.ts';
import { isMemoryBack, MemoryRecord, type ProcessMemory } from './memory-record.ts';
import { RunningAttack } from './running-attack.ts';
import { type Defaults, type Product, startProduct } from './start-product.ts';

const ADDRESSES = 30;
const WARM_UP_MS = 6_000;
/** The attack has begun to work before the newcomer comes. */
const NEWCOMER_DELAY_MS = 3_000;
const MIN_RECOVERY_MS = 5_000;
const MAX_RECOVERY_MS = 20_000;
const POLL_INTERVAL_MS = 500;

export interface AttackMeasurement {
  readonly attack: KnownAttack;
  readonly before: Observed;
  readonly during: Observed;
  /** Until the memory was back. */
  readonly refusalsAfter: ReadonlyMap<string, number>;
  /** Time until a newcomer chatted, in ms; undefined if none came. */
  readonly newcomerMs: number | undefined;
  readonly memory: readonly ProcessMemory[];
  /** Processes that ended. */
  readonly exits: readonly { readonly name: string; readonly count: number }[];
  /** Counts of what the attackers sent, and of the answers. */
  readonly counts: Readonly<Record<string, number>>;
}

export interface MeasureOptions {
  readonly checkout: string | undefined;
  readonly defaults: Defaults;
  readonly seconds: number;
  readonly signal: AbortSignal;
}

/** Starts a cluster, measures healthy users alone and then beside the attack, and waits until its memory is back. */
export async function measureAttack(attack: KnownAttack, options: MeasureOptions): Promise<AttackMeasurement> {
  const { checkout, defaults, signal } = options;
  const directory = await mkdtemp(join(tmpdir(), 'parley-attack-'));
  const port = await freePort();
  const running = new RunningAttack();
  const start = (chosen: Defaults) =>
    startProduct({ ...{ checkout, directory, port, signal, settings: attack.settings }, defaults: chosen });
  let product: Product | undefined;
  try {
    product = await start(attack.hasHistory ? 'local' : defaults);
    await running.prepare({ name: attack.name, port, addresses: await attackAddresses(ADDRESSES) });
    if (attack.hasHistory) {
      await product.stop();
      product = await start(defaults);
    }
    return await measure(attack, running, product, options);
  } finally {
    await running.stop().finally(() => product?.stop());
    await rm(directory, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function measure(
  attack: KnownAttack,
  running: RunningAttack,
  product: Product,
  { seconds, signal }: MeasureOptions,
): Promise<AttackMeasurement> {
  const healthy = await RegisteredUsers.start(product.url, { connects: !attack.fillsSlots });
  const newcomer = await register(product.url);
  const memory = new MemoryRecord(product.processes);
  const exits = watchExits(product.processes);
  const periodMs = seconds * 1_000;
  const ended = new AbortController();
  const wait = async (ms: number) => {
    await pause(ms, signal);
    signal.throwIfAborted();
  };
  try {
    await wait(WARM_UP_MS);
    memory.reset();
    healthy.takeObserved();
    await wait(periodMs);
    memory.markBefore();
    const before = healthy.takeObserved();
    running.start(healthy.userIds);
    let newcomerMs: number | undefined;
    const { newcomerWithinMs } = attack;
    if (newcomerWithinMs === undefined) await wait(periodMs);
    else {
      await wait(NEWCOMER_DELAY_MS);
      const inTime = AbortSignal.any([signal, ended.signal, AbortSignal.timeout(newcomerWithinMs)]);
      const coming = comeAndChat(product.url, newcomer, inTime);
      await wait(Math.max(0, periodMs - NEWCOMER_DELAY_MS));
      newcomerMs = await coming;
    }
    const during = healthy.takeObserved();
    await running.stop();
    await awaitRecovery(during, memory, wait);
    return {
      ...{ attack, before, during, newcomerMs, memory: memory.read() },
      refusalsAfter: new Map(healthy.takeObserved().refusals), // a copy: the end of the measurement ends requests
      ...{ exits: exits.unexpectedExits(), counts: running.counts },
    };
  } finally {
    ended.abort();
    exits.stop();
    healthy.close();
    await memory.stop();
  }
}

/** Waits until all requests of the attack's time are answered and the memory is back, at most for `MAX_RECOVERY_MS`. */
async function awaitRecovery(during: Observed, memory: MemoryRecord, wait: (ms: number) => Promise<void>) {
  await wait(MIN_RECOVERY_MS);
  const endsAt = performance.now() + MAX_RECOVERY_MS - MIN_RECOVERY_MS;
  while (performance.now() < endsAt && (during.open > 0 || !memory.read().every(isMemoryBack))) {
    await wait(POLL_INTERVAL_MS);
  }
}
