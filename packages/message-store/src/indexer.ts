import { backoffMs, type Logger, type Loop, pause } from '@parley/service-kit';

/** One transaction or bulk write of a store. */
const BATCH_MESSAGES = 500;

/** What is saved meanwhile shares one transaction. */
const GATHER_MS = 100;

/** Between two batches when there is more to do, so that those who save and read hardly notice. */
const REST_MS = 30;

export interface Indexer extends Loop {
  /** There is something to index. */
  wake(): void;
  /** Indexes a batch at once; resolves also where that fails. */
  catchUp(): Promise<void>;
}

/**
 * Puts messages into the search index in the background, a batch at a time: asleep until it is woken, then at it until all is
 * done. What is left when it stops is done by the next one; several processes may be at it at once.
 *
 * @param indexSome indexes at most about so many messages
 */
export function startIndexer(indexSome: (maxMessages: number) => Promise<'more' | 'done'>, logger: Logger): Indexer {
  const controller = new AbortController();
  const { signal } = controller;
  let alarm = Promise.withResolvers<void>();
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
      await alarm.promise;
      alarm = Promise.withResolvers<void>();
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
    wake: () => alarm.resolve(),
    async catchUp() {
      await index();
    },
    async stop() {
      controller.abort();
      alarm.resolve();
      await finished;
    },
  };
}
