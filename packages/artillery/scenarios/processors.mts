// The steps that scenarios are made of. `.mts`: Artillery puts `.ts` through a compiler of its own; this one Node runs as it is.
export { enter, leave, say, waitForEverybody } from './processors/chat.ts';
export { knock } from './processors/request-slots.ts';
export { loseConnection, waitUntilBack } from './processors/lose-connection.ts';
export { readHistory } from './processors/read-history.ts';
