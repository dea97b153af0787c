import { createServer } from 'node:net';

/**
 * Below the kernel's range of ephemeral ports, so that no outgoing connection gets the port before the server does or while it
 * restarts. Also below the internal ports of a local cluster.
 */
const LOWEST_PORT = 10_000;
/** Browsers and `fetch` refuse this port: https://fetch.spec.whatwg.org/#port-blocking */
const BLOCKED_PORT = 10_080;
const PORTS_PER_WORKER = 1_000;
const WORKERS = 10;

const worker = (Number(process.env.JEST_WORKER_ID ?? process.pid) - 1) % WORKERS;
let next = Math.floor(Math.random() * PORTS_PER_WORKER);

/** Returns a loopback port without a listener. Test files that run in parallel never get the same port. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < PORTS_PER_WORKER; attempt += 1) {
    const port = LOWEST_PORT + worker * PORTS_PER_WORKER + next;
    next = (next + 1) % PORTS_PER_WORKER;
    if (port !== BLOCKED_PORT && (await isFree(port))) return port;
  }
  throw new Error(`all ${PORTS_PER_WORKER} ports are in use`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
