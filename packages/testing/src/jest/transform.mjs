import { createHash } from 'node:crypto';
import { stripTypeScriptTypes } from 'node:module';

// Node blanks out the types of a source before it runs it. jest gets the same text, so lines and columns are exact.
export default {
  process: (source) => ({ code: stripTypeScriptTypes(source) }),
  getCacheKey: (source) => createHash('sha1').update(process.version).update(source).digest('hex'),
};
