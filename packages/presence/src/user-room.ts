/** The Socket.IO room of all sessions of one user, on whichever server they are. */
export const userRoom = (userId: string) => `user:${userId}`;
