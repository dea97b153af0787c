import { cpSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { FaultKind, FaultTarget } from '@parley/load-kit/faults';
import { type MovableClock, type RedisServerProcess, waitFor } from '@parley/load-kit/redis-servers';
import type { ProcessGuard } from '@parley/local-cluster';
import { pause } from '@parley/service-kit';
import { delayFsync } from '../redis/delay-fsync.ts';
import type { RedisRig } from '../redis/redis-rig.ts';

/** Longer than the interval at which Redis flushes, so that an fsync is nearly always active. */
const FSYNC_DELAY_MS = 1_500;
const WORKER_DIES_BEFORE_REDIS_MS = 700;
const RESTART_AFTER_MS = 100;

/** Printed if libfaketime is missing. */
export const NO_FAKETIME = 'faketime is not installed (packages/chaos/install-test-tools.sh): no faults of the clock';
/** How far each fault sets the clock back. It stays back, as it does on a machine. */
const CLOCK_BACK_SECONDS = 3_600;
/** A process looks once a second whether its clock was set. */
export const CACHED_CLOCK = { cacheSeconds: 1 } as const;
const [AOF, AOF_COPY] = ['appendonlydir', 'appendonlydir-copy'] as const;

export interface RedisTargetOptions {
  readonly rig: RedisRig;
  /** undefined = the clock cannot be set. */
  readonly clock: MovableClock | undefined;
  readonly canDelayFsync: boolean;
  readonly guard: ProcessGuard;
  readonly workers: readonly string[];
  readonly chatServers: readonly string[];
  /** Kills a process of the cluster. @returns false if it does not run */
  kill(processName: string): boolean;
}

type Heal = () => void | Promise<void>;
type Inject = (context: {
  readonly key: string;
  readonly master: RedisServerProcess;
  readonly seed: number;
  /** Kills one of these processes. @returns false if it does not run */
  killOneOf(names: readonly string[]): boolean;
}) => Promise<Heal | undefined>;

/**
 * The Redis servers as fault targets. One fault is active in them at a time, and the next one waits until every replica follows its
 * master.
 *
 * - `kill`, `freeze`: the only Redis.
 * - `kill-master`, `freeze-master`: a master, until another one has replaced it and for a while after that.
 * - `failover`: Sentinel or the Redis Cluster replaces a master that works, on request.
 * - `lose-tail`: a master loses its newest writes: it is killed, and starts with a copy of its files from the begin of the fault.
 * - `slow-fsync`: the disk is slow; then a worker is killed, and 0.7 s later the master.
 * - `full`: the memory limit is lowered to what is in use.
 * - `clock-back`: the clock of Redis is set back by an hour, and a chat server is killed. Sentinels run elsewhere, with the true clock.
 */
export function redisTargets(options: RedisTargetOptions): FaultTarget[] {
  const { rig, clock, canDelayFsync } = options;
  let isActive = false;

  const target = (name: string, injectors: Partial<Record<FaultKind, Inject>>): FaultTarget => ({
    name,
    group: 'redis',
    kinds: Object.keys(injectors) as FaultKind[],
    async inject(kind, seed, onKill) {
      const injector = injectors[kind];
      if (!injector) throw new Error(`${name} has no fault ${kind}`);
      if (isActive || !(await rig.isSettled().catch(() => false))) return undefined;
      isActive = true;
      let heal: Heal | undefined;
      try {
        const key = rig.shardKeys[seed % rig.shardKeys.length] ?? '';
        const killOneOf = (names: readonly string[]) => {
          const chosen = names[seed % names.length] ?? '';
          const isKilled = options.kill(chosen);
          if (isKilled) onKill?.(chosen);
          return isKilled;
        };
        heal = await injector({ key, master: await rig.masterOf(key), seed, killOneOf });
      } finally {
        isActive = heal !== undefined;
      }
      if (!heal) return undefined;
      const healFault = heal;
      return async () => {
        await healFault();
        isActive = false;
      };
    },
  });

  const servers =
    rig.mode === 'single' ? { kill, freeze } : { 'kill-master': killMaster, 'freeze-master': freezeMaster, failover };
  return [
    target('redis', servers),
    target('redis-data', {
      'lose-tail': loseTail,
      full,
      ...(canDelayFsync && { 'slow-fsync': slowFsync }),
      ...(clock && { 'clock-back': clockBack(clock) }),
    }),
  ];

  async function kill({ master }: Parameters<Inject>[0]): Promise<Heal> {
    await restart(master);
    return () => undefined;
  }

  async function freeze({ master }: Parameters<Inject>[0]): Promise<Heal> {
    master.freeze();
    return () => master.thaw();
  }

  async function killMaster({ key, master }: Parameters<Inject>[0]): Promise<Heal> {
    await master.kill();
    return async () => {
      await rig.failedOver(key, master);
      await master.start();
    };
  }

  async function freezeMaster({ key, master }: Parameters<Inject>[0]): Promise<Heal> {
    master.freeze();
    return async () => {
      await rig.failedOver(key, master).finally(() => master.thaw());
    };
  }

  async function failover({ key, master }: Parameters<Inject>[0]): Promise<Heal> {
    await rig.requestFailover(key);
    return async () => void (await rig.failedOver(key, master));
  }

  async function loseTail({ master }: Parameters<Inject>[0]): Promise<Heal> {
    const [files, copy] = [AOF, AOF_COPY].map((name) => join(rig.directoryOf(master), name)) as [string, string];
    rmSync(copy, { recursive: true, force: true });
    // The copy of a file that is being written may end within a command, as after a crash. Redis cuts that off.
    cpSync(files, copy, { recursive: true });
    return async () => {
      await restart(master, () => {
        rmSync(files, { recursive: true });
        renameSync(copy, files);
      });
    };
  }

  async function slowFsync({ master, killOneOf }: Parameters<Inject>[0]): Promise<Heal | undefined> {
    if (master.pid === undefined) return undefined;
    const endDelay = await delayFsync(master.pid, FSYNC_DELAY_MS, options.guard);
    return async () => {
      killOneOf(options.workers);
      await pause(WORKER_DIES_BEFORE_REDIS_MS);
      await restart(master, endDelay);
    };
  }

  async function full({ seed }: Parameters<Inject>[0]): Promise<Heal> {
    const masters = await Promise.all(rig.shardKeys.map((key) => rig.masterOf(key)));
    const limits = new Map<RedisServerProcess, string>();
    // Half of the faults begin with a full Redis; in the others the load fills the last bytes.
    const share = seed % 2 === 0 ? 0.95 : 1.02;
    const restore = async () => void (await waitFor(() => setLimits(limits), 'the memory limit is restored'));
    try {
      for (const master of new Set(masters)) {
        const [, limit = '0'] = (await master.admin.call('CONFIG', 'GET', 'maxmemory')) as string[];
        limits.set(master, limit);
        const used = Number(/^used_memory:(\d+)/m.exec(await master.admin.info('memory'))?.[1]);
        await master.admin.call('CONFIG', 'SET', 'maxmemory', Math.round(used * share));
      }
    } catch (error) {
      await restore();
      throw error;
    }
    return restore;
  }

  function clockBack(redisClock: MovableClock): Inject {
    return async ({ master, killOneOf }) => {
      const before = await secondsOf(master);
      redisClock.setOffset(redisClock.offsetSeconds - CLOCK_BACK_SECONDS);
      const isBack = async () => (await secondsOf(master)) < before - CLOCK_BACK_SECONDS / 2 || undefined;
      await waitFor(isBack, 'the clock of Redis is set back');
      killOneOf(options.chatServers);
      return () => undefined;
    };
  }
}

const secondsOf = async ({ admin }: RedisServerProcess): Promise<number> =>
  Number(((await admin.call('TIME')) as string[])[0]);

async function setLimits(limits: ReadonlyMap<RedisServerProcess, string>): Promise<boolean> {
  for (const [{ admin }, limit] of limits) await admin.call('CONFIG', 'SET', 'maxmemory', limit);
  return true;
}

/** Kills a server and starts it again. @param whileDown called while it is down */
async function restart(server: RedisServerProcess, whileDown: () => void | Promise<void> = () => undefined) {
  await server.kill();
  await whileDown();
  await pause(RESTART_AFTER_MS);
  await server.start();
}
