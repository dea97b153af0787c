// The steps that scenarios are made of. `.mts`: Artillery puts `.ts` through a compiler of its own; this one Node runs as it is.
export { startSession, verifyAndDisconnect, sendMessage, waitForAllUsers } from './processors/chat.ts';
export { requestSlot } from './processors/request-slot.ts';
export { loseConnection, waitForReconnect } from './processors/lose-connection.ts';
export { readHistory } from './processors/read-history.ts';
