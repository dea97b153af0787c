import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { ConfigError, closeServer, listen } from '@parley/service-kit';

const LOOPBACK = '127.0.0.1';
const LOWEST_INTERNAL_PORT = 20_000;
/** Clusters that start at once, each in a process of its own, look for ports in different places. */
const PORTS_OF_A_PROCESS = 64;
let tried = 0;

/** Those above 1023 that are other protocols', so that browsers go to none of them: https://fetch.spec.whatwg.org/#port-blocking */
const BLOCKED_PORTS: ReadonlySet<number> = new Set([
  ...[1_719, 1_720, 1_723, 2_049, 3_659, 4_045, 4_190, 5_060, 5_061, 6_000, 6_566],
  ...[6_665, 6_666, 6_667, 6_668, 6_669, 6_679, 6_697, 10_080],
]);

/** The addresses that the public port is opened on: both loopback ones, and the given one if it is another. */
export async function publicHosts(bindAddress: string): Promise<string[]> {
  if (bindAddress === '0.0.0.0') return [bindAddress];
  if (bindAddress === '::') return ['0.0.0.0', '::'];
  const loopback = (await hasIpv6Loopback()) ? [LOOPBACK, '::1'] : [LOOPBACK];
  return bindAddress === 'localhost' ? loopback : [...new Set([...loopback, bindAddress])];
}

/** @throws ConfigError naming the variable that changes the port or the address */
export async function requireFreePort(port: number, hosts: readonly string[]): Promise<void> {
  if (BLOCKED_PORTS.has(port))
    throw new ConfigError(`PORT is "${port}": browsers refuse this port; set PORT to another one`);
  for (const host of hosts) {
    const code = await errorOfListening(port, host);
    if (code === 'EADDRINUSE') throw new ConfigError(`PORT is "${port}": the port is taken; set PORT to a free one`);
    if (code === 'EACCES')
      throw new ConfigError(`PORT is "${port}": this user may not open it; set PORT to one above 1023`);
    if (code)
      throw new ConfigError(`BIND_ADDRESS is "${host}": it cannot be opened (${code}); allowed: this machine's own`);
  }
}

/**
 * Ports for the cluster's own processes, which keep them over every restart. They lie below the range from which the
 * kernel takes the near end of outgoing connections: a port from inside it could be occupied at the moment of a restart.
 */
export async function chooseInternalPorts(count: number): Promise<number[]> {
  const range = Math.max(lowestEphemeralPort() - LOWEST_INTERNAL_PORT, 1_000);
  const held: Server[] = [];
  const ports: number[] = [];
  try {
    for (let attempt = 0; ports.length < count; attempt += 1) {
      if (attempt > range) throw new Error(`found no ${count} free ports on ${LOOPBACK}`);
      const port = LOWEST_INTERNAL_PORT + ((process.pid * PORTS_OF_A_PROCESS + tried) % range);
      tried += 1;
      const server = createServer();
      try {
        await listen(server, port, LOOPBACK);
      } catch {
        continue;
      }
      held.push(server);
      ports.push(port);
    }
  } finally {
    await Promise.all(held.map(closeServer));
  }
  return ports;
}

const hasIpv6Loopback = async () => (await errorOfListening(0, '::1')) === undefined;

async function errorOfListening(port: number, host: string): Promise<string | undefined> {
  const server = createServer();
  try {
    await listen(server, port, host);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
  await closeServer(server);
  return undefined;
}

function lowestEphemeralPort(): number {
  try {
    return Number(readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').split(/\s+/)[0]);
  } catch {
    return 32_768; // what Linux uses unless told otherwise; other systems begin higher
  }
}
