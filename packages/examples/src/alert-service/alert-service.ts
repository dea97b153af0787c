import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Connection, RestClient } from '@parley/client';
import { ConversationId } from '@parley/protocol';
import { type Alert, clientMessageIdOf, parseWebhook, textOf } from './alert.ts';

const MAX_BODY_BYTES = 1_000_000;

export interface AlertServiceOptions {
  readonly url: string;
  readonly username: string;
  readonly password: string;
  /** The group into which alerts are posted. The user must be a member. */
  readonly conversationId: string;
  /** 0 = any free port. */
  readonly port: number;
}

/**
 * Accepts Alertmanager webhooks at `POST /alerts` and posts each alert into a group.
 *
 * It uses two parts of the client library on their own: `RestClient` holds the login and renews its token, `Connection` keeps
 * one socket through reconnects and restarts of servers. There is no outbox, because Alertmanager retries. Therefore the service
 * answers 200 only after Parley has acked every alert, and 503 otherwise.
 */
export async function startAlertService(
  options: AlertServiceOptions,
): Promise<{ readonly port: number; stop(): void }> {
  const conversationId = ConversationId.parse(options.conversationId);
  const rest = new RestClient(options.url);
  await rest.logIn(options.username, options.password);
  const connection = connect(options.url, rest);

  const server = createServer(async (request, response) => {
    response.statusCode = await handle(request);
    response.end();
  });
  server.listen(options.port, '127.0.0.1');
  await once(server, 'listening');

  async function handle(request: IncomingMessage): Promise<number> {
    if (request.method !== 'POST' || request.url !== '/alerts') return 404;
    const alerts = parseWebhook(await readBody(request));
    if (!alerts) return 400;
    for (const alert of alerts) {
      const status = await post(alert);
      if (status !== 200) return status;
    }
    return 200;
  }

  /** Returns the HTTP status that makes Alertmanager do the right thing: it retries after a 5xx and gives up after a 4xx. */
  async function post(alert: Alert): Promise<number> {
    const reply = await connection.request('message:send', {
      conversationId,
      clientMessageId: clientMessageIdOf(alert),
      kind: 'text',
      text: textOf(alert),
    });
    // `duplicate: true` is a success: an earlier attempt was accepted although its ack was lost.
    if (reply.ok) return 200;
    return reply.retryable ? 503 : 422;
  }

  return {
    port: (server.address() as AddressInfo).port,
    stop() {
      connection.stop();
      rest.close();
      server.close();
    },
  };
}

function connect(url: string, rest: RestClient): Connection {
  const ignore = () => undefined;
  const connection = new Connection({
    url,
    // A fixed name: after a restart the service replaces its previous session and is not refused with ALREADY_CONNECTED.
    deviceId: 'alert-service',
    accessToken: () => rest.credentials.accessToken(),
    refreshToken: () => rest.credentials.refresh(),
    // The service only sends.
    handlers: {
      messages: ignore,
      stored: ignore,
      conversation: ignore,
      heads: ignore,
      typing: ignore,
      receipts: ignore,
      presence: ignore,
      'session:idle': ignore,
      'server:draining': ignore,
    },
    onState: ({ phase }) => {
      process.stdout.write(`connection: ${phase}\n`);
      // A service has no user to ask. It queues for a slot again.
      if (phase === 'idle-ended') queueMicrotask(() => connection.reconnect());
    },
  });
  connection.start();
  return connection;
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) return '';
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
