import type { FaultKind, FaultTarget } from '@parley/load-kit/faults';
import type { Toxiproxy } from './toxiproxy.ts';

/** A way to a server that can fail while the server itself is well. */
export interface Link {
  /** `host:port`, for those who shall reach the server through the link. */
  readonly address: string;
  readonly faultTarget: FaultTarget;
}

/**
 * What a fault does to the answers; https://github.com/Shopify/toxiproxy#toxics. What is asked still arrives: a command
 * that was carried out although nobody was told is the worst that a network does.
 */
const TOXICS: Partial<Record<FaultKind, object>> = {
  slow: { type: 'latency', attributes: { latency: 150, jitter: 100 } },
  'black-hole': { type: 'timeout', attributes: { timeout: 0 } },
};

/** The least that `slow` adds to each answer. */
export const SLOW_AT_LEAST_MS = 50;

/** @param upstream `host:port` of the server, which counts as one group with its link */
export async function openLink(
  toxiproxy: Toxiproxy,
  options: { name: string; group: string; upstream: string },
): Promise<Link> {
  const { name, group, upstream } = options;
  const proxy = { name, listen: '127.0.0.1:0', upstream, enabled: true };
  const response = await toxiproxy.call('POST', '/proxies', proxy);
  if (!response) throw new Error(`toxiproxy-server opens no link to ${upstream}`);
  const { listen } = (await response.json()) as { listen: string };
  const path = `/proxies/${name}`;

  async function cut(): Promise<(() => Promise<void>) | undefined> {
    const heal = async () => void (await toxiproxy.insist('POST', path, { body: { enabled: true } }));
    if (await toxiproxy.call('POST', path, { enabled: false })) return heal;
    await heal();
    return undefined;
  }

  async function poison(kind: FaultKind): Promise<(() => Promise<void>) | undefined> {
    // toxiproxy closes the connections that a black hole has swallowed from.
    const heal = async () => void (await toxiproxy.insist('DELETE', `${path}/toxics/${kind}`));
    const toxic = { name: kind, stream: 'downstream', ...TOXICS[kind] };
    if (await toxiproxy.call('POST', `${path}/toxics`, toxic)) return heal;
    await heal();
    return undefined;
  }

  return {
    address: listen,
    faultTarget: {
      name,
      group,
      kinds: ['slow', 'black-hole', 'cut'],
      inject: (kind) => (kind === 'cut' ? cut() : poison(kind)),
    },
  };
}
