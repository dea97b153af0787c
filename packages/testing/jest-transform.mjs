import { createHash } from 'node:crypto';
import { stripTypeScriptTypes } from 'node:module';

// Node runs the sources as they are, with their types blanked out; jest gets the very same text, so lines and columns are exact.
export default {
  process: (source) => ({ code: stripTypeScriptTypes(source) }),
  getCacheKey: (source) => createHash('sha1').update(process.version).update(source).digest('hex'),
};
