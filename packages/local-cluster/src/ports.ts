import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { ConfigError, closeServer, listen } from '@parley/service-kit';

const LOOPBACK = '127.0.0.1';
const LOWEST_INTERNAL_PORT = 20_000;
/** The search begins at a different port in each process. Clusters that start together rarely try the same ports. */
const PORTS_OF_A_PROCESS = 64;
let triedPorts = 0;

/** Ports above 1023 that browsers refuse: https://fetch.spec.whatwg.org/#port-blocking */
const BLOCKED_PORTS: ReadonlySet<number> = new Set([
  ...[1_719, 1_720, 1_723, 2_049, 3_659, 4_045, 4_190, 5_060, 5_061, 6_000, 6_566],
  ...[6_665, 6_666, 6_667, 6_668, 6_669, 6_679, 6_697, 10_080],
]);

/** Returns the addresses on which the public port is opened: both loopback addresses, and the given one. */
export async function publicHosts(bindAddress: string): Promise<string[]> {
  if (bindAddress === '0.0.0.0') return [bindAddress];
  if (bindAddress === '::') return ['0.0.0.0', '::'];
  const loopback = (await hasIpv6Loopback()) ? [LOOPBACK, '::1'] : [LOOPBACK];
  return bindAddress === 'localhost' ? loopback : [...new Set([...loopback, bindAddress])];
}

/** @throws ConfigError that names the variable to change, if the port or the address cannot be opened */
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
 * Returns free ports for the cluster's processes, which keep them across restarts. The ports are below the kernel's range of
 * ephemeral ports: during a restart, an outgoing connection could otherwise occupy one.
 */
export async function chooseInternalPorts(count: number): Promise<number[]> {
  const range = Math.max(lowestEphemeralPort() - LOWEST_INTERNAL_PORT, 1_000);
  const held: Server[] = [];
  const ports: number[] = [];
  try {
    for (let attempt = 0; ports.length < count; attempt += 1) {
      if (attempt > range) throw new Error(`found fewer than ${count} free ports on ${LOOPBACK}`);
      const port = LOWEST_INTERNAL_PORT + ((process.pid * PORTS_OF_A_PROCESS + triedPorts) % range);
      triedPorts += 1;
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
    return 32_768; // the default of Linux; other systems have a higher one
  }
}
