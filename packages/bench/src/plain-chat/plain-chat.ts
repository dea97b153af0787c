// The baseline: a minimal chat with Socket.IO and its Redis adapter, as in the Socket.IO documentation. It has no
// storage, no authentication and no delivery guarantees. Its ack means that the message was broadcast. Its Socket.IO options equal
// those of the chat server.
import { randomBytes } from 'node:crypto';
import { createAdapter } from '@socket.io/redis-adapter';
import { Redis } from 'ioredis';
import { Server } from 'socket.io';

interface ChatMessage {
  room: string;
  senderId: string;
  count: number;
  text: string;
}
type Ack = (reply: { ok: true }) => void;

interface ClientEvents {
  join: (payload: { room: string }, ack: Ack) => void;
  message: (message: ChatMessage, ack: Ack) => void;
}

const { NODE_NAME = '', HTTP_PORT, REDIS_URL = '' } = process.env;

const publisher = new Redis(REDIS_URL);
const io = new Server<ClientEvents, { message: (message: ChatMessage) => void }>({
  adapter: createAdapter(publisher, publisher.duplicate()),
  pingInterval: 15_000,
  pingTimeout: 10_000,
  perMessageDeflate: false,
  serveClient: false,
});

io.on('connection', (socket) => {
  socket.on('join', async ({ room }, ack) => {
    await socket.join(room);
    ack({ ok: true });
  });
  socket.on('message', (message, ack) => {
    io.to(message.room).emit('message', message);
    ack({ ok: true });
  });
});

io.listen(Number(HTTP_PORT));
// nginx routes a session by the server name at the start of the session id.
io.engine.generateId = () => `${NODE_NAME}.${randomBytes(15).toString('base64url')}`;
process.on('disconnect', () => process.exit());
