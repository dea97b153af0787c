import { chooseInternalPorts } from '@parley/local-cluster';

/** Returns a free port outside the range from which the kernel assigns ports to outgoing connections. */
export async function freePort(): Promise<number> {
  const [port] = await chooseInternalPorts(1);
  if (port === undefined) throw new Error('no free port');
  return port;
}
