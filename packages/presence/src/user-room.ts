/** Returns the Socket.IO room of a user's sessions on all servers. */
export const userRoom = (userId: string) => `user:${userId}`;
