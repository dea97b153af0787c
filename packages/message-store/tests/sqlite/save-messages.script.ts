import { type ConversationId, LOBBY_ID } from '@parley/protocol';
import { silentLogger } from '@parley/service-kit';
import { newMessage } from '../../src/new-message.ts';
import { openSqliteStore } from '../../src/sqlite/open-sqlite-store.ts';

// Saves argv[3] messages of one conversation into the store in argv[2], in batches of 10, and prints the seq of each saved batch.
// Then it closes the store. The process must end without process.exit.
const [dataDir = '', count = '', conversationId = LOBBY_ID] = process.argv.slice(2);
const store = await openSqliteStore({
  dataDir,
  logger: silentLogger(),
  openDeadlineMs: 120_000,
  busyTimeoutMs: 110_000,
  deadlineMs: 120_000,
});
for (let saved = 0; saved < Number(count); saved += 10) {
  const batch = Array.from({ length: 10 }, (_, index) =>
    newMessage({ conversationId: conversationId as ConversationId, seq: saved + index + 1 }),
  );
  const { rejected } = await store.messages.saveBatch(batch);
  if (rejected.length > 0) throw new Error(rejected[0]?.reason);
  process.stdout.write(`${saved + 10}\n`);
}
await store.close();
