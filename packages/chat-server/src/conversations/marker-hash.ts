import { loadScript, type RedisConnection, runScript } from '@parley/service-kit';

const READ = loadScript(new URL('./read-markers.lua', import.meta.url), 1);
const MERGE = loadScript(new URL('./merge-markers.lua', import.meta.url), 1);

/** Two numbers that only grow: `seq time` of a read marker, `readSeq deliveredSeq` of a receipt. */
export type Marker = readonly [number, number];

/** The markers of a hash by field. */
export type Markers = ReadonlyMap<string, Marker>;

export interface MarkerHashOptions {
  readonly redis: RedisConnection;
  /** Lifetime of a hash after its last move. After that the markers are in the store only. */
  readonly idleMs: number;
  /** Returns the stored markers of a hash. */
  readonly readStored: (key: string) => Promise<Markers>;
  /** Called with the markers of a hash that the store does not have: an earlier release wrote them. */
  readonly onUnsaved: (key: string, markers: Markers) => void;
}

/**
 * Redis hashes of markers. The store has all of them, Redis those of the last hour.
 *
 * **Incomplete.** The hash does not exist, or has no lifetime: nobody moved a marker for a while, Redis lost it, or an earlier
 * release wrote it. The first access merges the stored markers into it.
 *
 * **Complete.** The hash has a lifetime, which each move begins again. Its markers are at least those of the store, so the store
 * is not read. It ends when the lifetime passes.
 */
export class MarkerHash {
  readonly #options: MarkerHashOptions;

  constructor(options: MarkerHashOptions) {
    this.#options = options;
  }

  async read(key: string): Promise<Markers> {
    const reply = (await runScript(this.#options.redis, READ, [key], [])) as string[] | null;
    return reply ? toMarkers(reply) : this.#merge(key);
  }

  /**
   * Moves a marker. While the move replies nil, because the hash is incomplete, merges the stored markers and calls it again.
   *
   * @param move gets whether the stored markers have just been merged
   */
  async move<Reply>(key: string, move: (isMerged: 0 | 1) => Promise<unknown>): Promise<Reply> {
    const reply = (await move(0)) as Reply | null;
    if (reply !== null) return reply;
    await this.#merge(key);
    return (await move(1)) as Reply;
  }

  async #merge(key: string): Promise<Markers> {
    const { redis, idleMs, readStored, onUnsaved } = this.#options;
    const stored = await readStored(key);
    const args = [...stored].flatMap(([field, [first, second]]) => [field, first, second]);
    const markers = toMarkers((await runScript(redis, MERGE, [key], [idleMs, ...args])) as string[]);
    const unsaved = [...markers].filter(([field, [first, second]]) => {
      const [storedFirst, storedSecond] = stored.get(field) ?? [0, 0];
      return first > storedFirst || second > storedSecond;
    });
    if (unsaved.length > 0) onUnsaved(key, new Map(unsaved));
    return markers;
  }
}

function toMarkers(flat: readonly string[]): Markers {
  const markers = new Map<string, Marker>();
  for (let i = 0; i + 1 < flat.length; i += 2) {
    const [first = 0, second = 0] = (flat[i + 1] as string).split(' ').map(Number);
    markers.set(flat[i] as string, [first, second]);
  }
  return markers;
}
