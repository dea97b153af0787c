import type { Worker } from 'node:worker_threads';
import { LOBBY_ID } from '@parley/protocol';
import { pause, silentLogger } from '@parley/service-kit';
import { newMessage } from '../../src/new-message.ts';
import { openSqliteStore } from '../../src/sqlite/open-sqlite-store.ts';
import { StoreUnavailable } from '../../src/store.ts';

// Kills each thread of a store in argv[2] repeatedly while it is in use, and prints the outcome of each kill. It is a separate
// process, because jest gives tests no access to the threads.
const [dataDir = ''] = process.argv.slice(2);
const MAX_ATTEMPTS = 3_000;
const threads: Worker[] = [];
process.on('worker', (thread: Worker) => threads.push(thread));
const store = await openSqliteStore({ dataDir, logger: silentLogger(), openDeadlineMs: 120_000 });

const outcomeOf = (call: Promise<unknown>) =>
  call.then(
    () => 'done',
    (error: unknown) => (error instanceof StoreUnavailable ? 'unavailable' : String(error)),
  );

for (let seq = 1; seq <= 3; seq += 1) {
  const message = newMessage({ conversationId: LOBBY_ID, seq });
  const calls = { writer: () => store.messages.saveBatch([message]), reader: () => store.messages.headSeq(LOBBY_ID) };
  for (const [role, call] of Object.entries(calls)) {
    const thread = threads.findLast(({ threadName }) => threadName === `sqlite-${role}`);
    const outcomes = [outcomeOf(call())];
    await thread?.terminate();
    outcomes.push(outcomeOf(call()));
    const [atTheKill, afterIt] = await Promise.all(outcomes);
    let attempts = 1;
    while ((await outcomeOf(call())) !== 'done' && attempts < MAX_ATTEMPTS) {
      attempts += 1;
      await pause(20);
    }
    const isBack = attempts < MAX_ATTEMPTS;
    process.stdout.write(`${JSON.stringify({ role, atTheKill, afterIt, isBack })}\n`);
  }
}
await store.close();
