import { join } from 'node:path';

/** The checkout that this runs from. */
const ROOT = join(import.meta.dirname, '../../..');

/** A path of the checkout, absolute. */
export const workspacePath = (path: string): string => join(ROOT, path);
