import type { Judgement } from '@parley/load-kit/checker';
import { judge } from '@parley/load-kit/checker';
import { readPages, readSqliteStore } from '@parley/load-kit/cluster';
import type { EventRecord, RecordedEvent, RecordedMessage, Recorder } from '@parley/load-kit/events';
import type { LocalCluster } from '@parley/local-cluster';
import type { UserGroup } from './create-users.ts';
import { LineReader } from './samples.ts';

const READ_DEADLINE_MS = 60_000;

type EventLine = RecordedEvent | { readonly type: 'has-everything'; readonly client: string };

/** Builds the event record from the clients' event files, the samples and the store, and checks it. */
export async function checkRun(
  cluster: LocalCluster,
  groups: readonly UserGroup[],
  {
    eventFiles,
    recorder,
    limits,
  }: {
    eventFiles: readonly string[];
    recorder: Recorder;
    limits: EventRecord['limits'];
  },
): Promise<{ record: EventRecord; judgement: Judgement }> {
  const reader = new LineReader<EventLine>();
  const lines = eventFiles.flatMap((file) => reader.readNew(file));
  const complete = new Set(lines.flatMap((line) => (line.type === 'has-everything' ? [line.client] : [])));
  // Event files have the time of day. The recorder counts from its start.
  const startedAtMs = performance.timeOrigin + performance.now() - recorder.nowMs();
  const events = lines
    .filter((line) => line.type !== 'has-everything')
    .map((event) => ({
      ...event,
      atMs: event.atMs - startedAtMs,
      ...(event.type === 'served' && { askedAtMs: event.askedAtMs - startedAtMs }),
    }));
  const users = groups.flatMap((group) => group.users);
  const conversations = conversationsOf(groups);
  const reading = AbortSignal.timeout(READ_DEADLINE_MS);
  const pages: RecordedMessage[] = [];
  for (const { id, memberIds } of conversations) {
    const member = users.find(({ userId }) => memberIds.includes(userId));
    if (member) pages.push(...(await readPages(cluster.url, member, id, reading)));
  }
  const record: EventRecord = {
    limits,
    conversations,
    clients: users.map(({ name, userId }) => ({ name, userId, kind: 'plain', seesEverything: complete.has(name) })),
    events: [...events, ...recorder.events].sort((a, b) => a.atMs - b.atMs),
    faults: recorder.faults,
    stored: readSqliteStore(cluster.dataDir),
    pages,
  };
  return { record, judgement: judge(record) };
}

/** All users are members of the lobby. The two users of a direct conversation are its only members. */
function conversationsOf(groups: readonly UserGroup[]): EventRecord['conversations'] {
  const users = groups.flatMap((group) => group.users);
  const direct = Map.groupBy(
    users.filter(({ conversationId }) => conversationId !== 'lobby'),
    ({ conversationId }) => conversationId,
  );
  return [
    { id: 'lobby', memberIds: users.map(({ userId }) => userId) },
    ...[...direct].map(([id, members]) => ({ id, memberIds: members.map(({ userId }) => userId) })),
  ];
}
