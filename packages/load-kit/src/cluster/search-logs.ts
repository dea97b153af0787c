import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Returns the matching lines of all log files below a directory, with the file names. */
export async function searchLogs(directory: string, pattern: RegExp): Promise<string[]> {
  const files = await readdir(directory, { recursive: true });
  const logs = files.filter((file) => /\.log(\.\d+)?$/.test(file));
  const found = await Promise.all(
    logs.map(async (log) => {
      const lines = (await readFile(join(directory, log), 'utf8')).split('\n');
      return lines.filter((line) => pattern.test(line)).map((line) => `${log}: ${line}`);
    }),
  );
  return found.flat();
}
