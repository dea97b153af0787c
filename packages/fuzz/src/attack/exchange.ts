import { connect } from 'node:net';

const REPLY_DEADLINE_MS = 5_000;
/** A reply on a connection that stays open is complete after a pause of this length. */
const QUIET_MS = 40;
const MAX_REPLY_BYTES = 2_097_152;

export interface Endpoint {
  readonly host: string;
  readonly port: number;
  /** The address that the connection comes from. */
  readonly localAddress: string;
}

/**
 * Sends bytes on a new connection. Resolves with the reply when the server closes, pauses or does not answer in time; with what
 * arrived until then if the connection fails.
 */
export function exchange(
  endpoint: Endpoint,
  request: Buffer,
  { replyDeadlineMs = REPLY_DEADLINE_MS }: { /** For the first byte of the reply. */ replyDeadlineMs?: number } = {},
): Promise<Buffer> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const socket = connect({ ...endpoint, noDelay: true });
    const finish = () => {
      clearTimeout(timer);
      socket.destroy();
      resolve(Buffer.concat(chunks));
    };
    let timer = setTimeout(finish, replyDeadlineMs);
    socket.on('connect', () => socket.write(request));
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      bytes += chunk.length;
      clearTimeout(timer);
      timer = setTimeout(finish, QUIET_MS);
      if (bytes > MAX_REPLY_BYTES) finish();
    });
    socket.on('error', finish);
    socket.on('close', finish);
  });
}

/** Returns a request with the headers that it needs to be answered and closed. */
export const completeRequest = (head: Buffer, body: Buffer | undefined): Buffer =>
  Buffer.concat([
    head,
    Buffer.from(`\r\nConnection: close${body ? `\r\nContent-Length: ${body.length}` : ''}\r\n\r\n`),
    ...(body ? [body] : []),
  ]);
