// The steps of the scenarios. The extension is `.mts` because Artillery compiles `.ts` files itself, and Node runs this one directly.
export { startSession, verifyAndDisconnect, sendMessage, waitForAllUsers } from './processors/chat.ts';
export { requestSlot } from './processors/request-slot.ts';
export { loseConnection, waitForReconnect } from './processors/lose-connection.ts';
export { readHistory } from './processors/read-history.ts';
