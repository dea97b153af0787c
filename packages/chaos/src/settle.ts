import type { Workload } from '@parley/load-kit/clients';
import { readPages } from '@parley/load-kit/cluster';
import type { RecordedMessage } from '@parley/load-kit/events';
import { pause } from '@parley/service-kit';

const CATCH_UP_DEADLINE_MS = 60_000;
const READ_DEADLINE_MS = 60_000;
const POLL_INTERVAL_MS = 250;

/**
 * Waits until no message is in process and every client has all messages, at most 60 s. The checker counts anything missing after
 * that as lost.
 *
 * @returns all messages as the REST API returns them to members
 */
export async function settle(
  url: string,
  workload: Workload,
  sampler: { readonly inProcess: number | undefined },
  { report, signal }: { report: (line: string) => void; signal: AbortSignal },
): Promise<RecordedMessage[]> {
  const overdue = AbortSignal.any([signal, AbortSignal.timeout(CATCH_UP_DEADLINE_MS)]);
  while (!overdue.aborted && (workload.pending > 0 || sampler.inProcess !== 0)) await pause(POLL_INTERVAL_MS, overdue);
  const reading = AbortSignal.any([signal, AbortSignal.timeout(READ_DEADLINE_MS)]);
  const pages: RecordedMessage[] = [];
  const heads = new Map<string, number>();
  for (const { id } of workload.conversations) {
    const messages = await readPages(url, workload.readerOf(id), id, reading);
    pages.push(...messages);
    heads.set(id, messages.at(-1)?.seq ?? 0);
  }
  while (!overdue.aborted && workload.behind(heads).length > 0) await pause(POLL_INTERVAL_MS, overdue);
  signal.throwIfAborted();
  const behind = workload.behind(heads);
  if (overdue.aborted && sampler.inProcess !== 0)
    report(`messages in process after ${CATCH_UP_DEADLINE_MS} ms: ${sampler.inProcess ?? 'unknown'}`);
  for (const line of behind) report(`not caught up after ${CATCH_UP_DEADLINE_MS} ms: ${line}`);
  return pages;
}
