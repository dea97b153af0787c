import type { Workload } from '@parley/load-kit/clients';
import { readPages } from '@parley/load-kit/cluster';
import type { RecordedMessage, Recorder } from '@parley/load-kit/events';
import { pause } from '@parley/service-kit';

const CATCH_UP_DEADLINE_MS = 60_000;
const READ_DEADLINE_MS = 60_000;
const POLL_INTERVAL_MS = 250;

/**
 * Waits until no message is in process and every client has all messages, at most 60 s. The checker counts anything missing after
 * that as lost.
 *
 * @returns all messages as the REST API returns them to members, and one line for each thing that is not as it should be at the end
 */
export async function settle(
  url: string,
  workload: Workload,
  sampler: { readonly inProcess: number | undefined },
  { recorder, report, signal }: { recorder: Recorder; report: (line: string) => void; signal: AbortSignal },
): Promise<{ pages: RecordedMessage[]; problems: string[] }> {
  const overdue = AbortSignal.any([signal, AbortSignal.timeout(CATCH_UP_DEADLINE_MS)]);
  while (!overdue.aborted && (workload.pending > 0 || sampler.inProcess !== 0)) await pause(POLL_INTERVAL_MS, overdue);
  const reading = AbortSignal.any([signal, AbortSignal.timeout(READ_DEADLINE_MS)]);
  const pages: RecordedMessage[] = [];
  const heads = new Map<string, number>();
  for (const { id } of workload.conversations) {
    const { name: client, account } = workload.readerOf(id);
    const onEpoch = (epoch: string) => recorder.add({ type: 'epoch', client, conversationId: id, epoch });
    const messages = await readPages(url, account, id, reading, onEpoch);
    pages.push(...messages);
    heads.set(id, messages.at(-1)?.seq ?? 0);
  }
  while (!overdue.aborted && workload.behind(heads).length > 0) await pause(POLL_INTERVAL_MS, overdue);
  signal.throwIfAborted();
  const behind = workload.behind(heads);
  for (const line of behind) report(`not caught up after ${CATCH_UP_DEADLINE_MS} ms: ${line}`);
  // A message that is lost for somebody is a violation that the checker finds. An entry of the log that nobody completes is not.
  const isStuck = overdue.aborted && sampler.inProcess !== 0;
  const stuck = `messages in process after ${CATCH_UP_DEADLINE_MS} ms: ${sampler.inProcess ?? 'unknown'}`;
  return { pages, problems: isStuck ? [stuck] : [] };
}
