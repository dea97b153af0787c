import { searchLogs } from '@parley/load-kit/cluster';

/** Lines of the logs that show a fault. */
export interface LogFindings {
  /** Uncaught exceptions and unhandled rejections. */
  readonly unhandled: readonly string[];
  /** Requests and events that failed with `INTERNAL`, also those whose reply nobody has read. */
  readonly failedRequests: readonly string[];
}

/** Searches the logs below a directory. */
export async function readLogs(directory: string): Promise<LogFindings> {
  const [unhandled, failedRequests] = await Promise.all([
    searchLogs(directory, /uncaught|unhandled/i),
    searchLogs(directory, /"msg":"a request failed"/),
  ]);
  return { unhandled, failedRequests };
}
