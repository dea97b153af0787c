import type { FaultKind, FaultTarget } from '@parley/load-kit/faults';
import type { ICreateToxicBody, Latency, Timeout, Proxy as ToxiproxyProxy } from 'toxiproxy-node-client';
import { retryCall, type Toxiproxy, tryCall } from './toxiproxy.ts';

/** A network link to a server. The link can fail while the server keeps running. */
export interface FaultyLink {
  /** `host:port` at which clients reach the server through the link. */
  readonly address: string;
  readonly faultTarget: FaultTarget;
}

/**
 * The toxics of each fault: https://github.com/Shopify/toxiproxy#toxics. They affect replies only. Requests still arrive, because
 * a command that was executed without a reply is the hardest case for a client.
 */
const TOXICS: Partial<Record<FaultKind, Pick<ICreateToxicBody<Latency | Timeout>, 'type' | 'attributes'>>> = {
  slow: { type: 'latency', attributes: { latency: 150, jitter: 100 } },
  'black-hole': { type: 'timeout', attributes: { timeout: 0 } },
};

/** The minimum delay that `slow` adds to each reply. */
export const MIN_SLOW_MS = 50;

/** Opens a link through toxiproxy. @param upstream `host:port` of the server. The server and its link form one group. */
export async function openLink(
  toxiproxy: Toxiproxy,
  { name, group, upstream }: { name: string; group: string; upstream: string },
): Promise<FaultyLink> {
  const proxy = await toxiproxy.createProxy(name, upstream);
  return {
    address: proxy.listen,
    faultTarget: {
      name,
      group,
      kinds: ['slow', 'black-hole', 'cut'],
      inject: (kind) => (kind === 'cut' ? cut(proxy) : addToxic(proxy, kind)),
    },
  };
}

async function cut(proxy: ToxiproxyProxy): Promise<(() => Promise<void>) | undefined> {
  const { listen, upstream } = proxy;
  const setEnabled = (enabled: boolean) => proxy.update({ enabled, listen, upstream });
  const heal = async () => void (await retryCall('enable a proxy', () => setEnabled(true)));
  if (await tryCall(() => setEnabled(false))) return heal;
  await heal();
  return undefined;
}

async function addToxic(proxy: ToxiproxyProxy, kind: FaultKind): Promise<(() => Promise<void>) | undefined> {
  const toxic = TOXICS[kind];
  if (!toxic) throw new Error(`a link has no fault ${kind}`);
  // Healing a black-hole fault also closes the connections whose replies it dropped.
  const heal = () => retryCall('remove a toxic', () => removeToxic(proxy, kind));
  if (await tryCall(() => proxy.addToxic({ name: kind, stream: 'downstream', toxicity: 1, ...toxic }))) return heal;
  await heal();
  return undefined;
}

async function removeToxic(proxy: ToxiproxyProxy, name: string): Promise<void> {
  const { toxics } = (await proxy.api.get<{ toxics: readonly { name: string }[] }>(proxy.getPath())).data;
  if (toxics.some((toxic) => toxic.name === name)) await (await proxy.getToxic(name)).remove();
}
