import { chooseInternalPorts } from '@parley/local-cluster';

/** A port that nobody listens on and that no outgoing connection can take meanwhile. */
export async function freePort(): Promise<number> {
  const [port] = await chooseInternalPorts(1);
  if (port === undefined) throw new Error('no free port');
  return port;
}
