import { backoffMs, type Logger, type Loop, pause } from '@parley/service-kit';

/** The size of one transaction or bulk write. */
const BATCH_MESSAGES = 500;

/** Messages that are saved within this time share one transaction. */
const GATHER_MS = 100;

/** The pause between two batches, which leaves time for saving and reading. */
const REST_MS = 30;

export interface Indexer extends Loop {
  /** Starts indexing soon. Called after messages were saved. */
  wake(): void;
  /** Indexes a batch now. Also resolves on failure. */
  catchUp(): Promise<void>;
}

/**
 * Adds messages to the search index in the background, batch by batch. It sleeps until `wake` and works until nothing is left. A
 * later indexer continues the work of one that stopped; several processes may index at once.
 *
 * @param indexSome indexes about `maxMessages` messages at most
 */
export function startIndexer(indexSome: (maxMessages: number) => Promise<'more' | 'done'>, logger: Logger): Indexer {
  const controller = new AbortController();
  const { signal } = controller;
  let wakeUp = Promise.withResolvers<void>();
  let failures = 0;

  const index = async (): Promise<'more' | 'done' | 'failed'> => {
    try {
      const outcome = await indexSome(BATCH_MESSAGES);
      failures = 0;
      return outcome;
    } catch (error) {
      failures += 1;
      logger[failures === 1 ? 'warn' : 'debug']({ err: error, failures }, 'indexing messages for search failed');
      return 'failed';
    }
  };

  const run = async () => {
    while (!signal.aborted) {
      await wakeUp.promise;
      wakeUp = Promise.withResolvers<void>();
      await pause(GATHER_MS, signal);
      while (!signal.aborted) {
        const outcome = await index();
        if (outcome === 'done') break;
        await pause(outcome === 'failed' ? backoffMs(failures, GATHER_MS) : REST_MS, signal);
      }
    }
  };
  const finished = run();

  return {
    wake: () => wakeUp.resolve(),
    async catchUp() {
      await index();
    },
    async stop() {
      controller.abort();
      wakeUp.resolve();
      await finished;
    },
  };
}
