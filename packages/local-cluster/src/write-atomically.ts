import { renameSync, writeFileSync } from 'node:fs';

/** Replaces a file in one step: a reader sees either the old content or the new content. */
export function writeAtomically(path: string, content: string, mode = 0o644): void {
  const written = `${path}.${process.pid}.tmp`;
  writeFileSync(written, content, { mode });
  renameSync(written, path);
}
