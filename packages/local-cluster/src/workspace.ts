import { join } from 'node:path';

/** The root of this checkout. */
const ROOT = join(import.meta.dirname, '../../..');

/** Returns the absolute path of a file or directory of the checkout. */
export const workspacePath = (path: string): string => join(ROOT, path);
