import { createServer, type Server } from 'node:http';
import express, { type RequestHandler } from 'express';
import type { Registry } from 'prom-client';

/** A condition for taking traffic. Throws or rejects with the reason when it does not hold. */
export type ReadinessCheck = () => Promise<void> | void;

/** Whether a process may take traffic, and the reasons when it may not. */
export class Readiness {
  #checks = new Map<string, ReadinessCheck>();
  #draining = false;

  /** Adds a named check, which runs on each request to `/readyz`. */
  require(name: string, check: ReadinessCheck): void {
    this.#checks.set(name, check);
  }

  /** Makes the process unready permanently: it is shutting down. */
  drain(): void {
    this.#draining = true;
  }

  get draining(): boolean {
    return this.#draining;
  }

  /** Runs all checks and returns the names of those that fail with their reasons; empty = ready. */
  async failures(): Promise<Record<string, string>> {
    const failures: Record<string, string> = this.#draining ? { draining: 'shutting down' } : {};
    await Promise.all(
      [...this.#checks].map(async ([name, check]) => {
        try {
          await check();
        } catch (error) {
          failures[name] = error instanceof Error ? error.message : String(error);
        }
      }),
    );
    return failures;
  }
}

export const healthzHandler: RequestHandler = (_request, response) => {
  response.json({ status: 'ok' });
};

const readyzHandler =
  (readiness: Readiness): RequestHandler =>
  async (_request, response) => {
    const failures = await readiness.failures();
    const ready = Object.keys(failures).length === 0;
    response.status(ready ? 200 : 503).json({ status: ready ? 'ready' : 'not ready', failures });
  };

/** Serves `/healthz`, `/readyz` and `/metrics` on a port of its own, which is never reachable through the public address. */
export async function startOpsServer(options: {
  host: string;
  port: number;
  readiness: Readiness;
  registry: Registry;
}): Promise<{ port: number; close(): Promise<void> }> {
  const app = express();
  app.disable('x-powered-by');
  app.get('/healthz', healthzHandler);
  app.get('/readyz', readyzHandler(options.readiness));
  app.get('/metrics', async (_request, response) => {
    response.type(options.registry.contentType).send(await options.registry.metrics());
  });
  const server = createServer(app);
  await listen(server, options.port, options.host);
  return { port: portOf(server), close: () => closeServer(server) };
}

/** Connections that may wait to be accepted. Node's default of 511 is too few when thousands connect at once, for example after a restart of nginx. */
const BACKLOG = 4_096;

/** Opens a port. Rejects with the reason, such as `EADDRINUSE`. */
export function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host, backlog: BACKLOG }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

export function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server does not listen on a port');
  return address.port;
}

/** Stops listening and closes all open connections. */
export function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
