import { createServer, type Server } from 'node:http';
import express, { type RequestHandler } from 'express';
import type { Registry } from 'prom-client';

/** A condition for taking traffic. Throws or rejects with the reason when it does not hold. */
export type ReadinessCheck = () => Promise<void> | void;

/** Whether a process may take traffic. `degraded`: it may, but serves only a part; the reasons say which. */
export interface ReadinessReport {
  readonly status: 'ready' | 'degraded' | 'unavailable';
  /** The names of the failed checks, with their reasons. */
  readonly failures: Record<string, string>;
  /** The names of the restrictions, with their reasons. */
  readonly restrictions: Record<string, string>;
}

/** Whether a process may take traffic, and the reasons when it may not, or only with restrictions. */
export class Readiness {
  #checks = new Map<string, ReadinessCheck>();
  #restrictions = new Map<string, () => string | undefined>();
  #draining = false;

  /** Adds a named check, which runs on each request to `/readyz`. */
  require(name: string, check: ReadinessCheck): void {
    this.#checks.set(name, check);
  }

  /** Adds a named restriction, under which the process still takes traffic. @param reason returns undefined while there is none */
  restrict(name: string, reason: () => string | undefined): void {
    this.#restrictions.set(name, reason);
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

  /** Runs all checks. */
  async report(): Promise<ReadinessReport> {
    const failures = await this.failures();
    const restrictions: Record<string, string> = {};
    for (const [name, reasonOf] of this.#restrictions) {
      const reason = reasonOf();
      if (reason !== undefined) restrictions[name] = reason;
    }
    const isEmpty = (reasons: object) => Object.keys(reasons).length === 0;
    const status = !isEmpty(failures) ? 'unavailable' : isEmpty(restrictions) ? 'ready' : 'degraded';
    return { status, failures, restrictions };
  }
}

export const healthzHandler: RequestHandler = (_request, response) => {
  response.json({ status: 'ok' });
};

/** @param shows the parts of the report in the reply */
export const readyzHandler =
  (readiness: Readiness, shows: (report: ReadinessReport) => Partial<ReadinessReport>): RequestHandler =>
  async (_request, response) => {
    const report = await readiness.report();
    response.status(report.status === 'unavailable' ? 503 : 200).json(shows(report));
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
  app.get(
    '/readyz',
    readyzHandler(options.readiness, (report) => report),
  );
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
