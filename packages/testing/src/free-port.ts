import { createServer } from 'node:net';

/**
 * Below the range from which the kernel takes ports by itself (an outgoing connection must not get this one before its server
 * does, or while that restarts), and below the internal ports of a local cluster.
 */
const LOWEST_PORT = 10_000;
/** The only one here to which no browser and no `fetch` goes: https://fetch.spec.whatwg.org/#port-blocking */
const BLOCKED_PORT = 10_080;
const PORTS_OF_A_WORKER = 1_000;
const WORKERS = 10;

const worker = (Number(process.env.JEST_WORKER_ID ?? process.pid) - 1) % WORKERS;
let next = Math.floor(Math.random() * PORTS_OF_A_WORKER);

/** A port on loopback that nothing listens on; test files that run side by side never get the same. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < PORTS_OF_A_WORKER; attempt += 1) {
    const port = LOWEST_PORT + worker * PORTS_OF_A_WORKER + next;
    next = (next + 1) % PORTS_OF_A_WORKER;
    if (port !== BLOCKED_PORT && (await isFree(port))) return port;
  }
  throw new Error(`none of ${PORTS_OF_A_WORKER} ports is free`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
