import type { IncomingMessage } from 'node:http';
import ipaddr from 'ipaddr.js';
import proxyAddr from 'proxy-addr';

/** Where nginx may connect from without being listed. The port of a chat server is open to nginx only. */
const PRIVATE_NETWORKS = ['loopback', 'linklocal', 'uniquelocal'];

/** The groups of an IPv6 address that name a /64 network. One customer usually has all addresses of such a network. */
const IPV6_NETWORK_GROUPS = 4;

/**
 * Finds the client of a request.
 *
 * nginx replaces `X-Forwarded-For` by the one address of its client, so a client cannot choose it. With another proxy in between,
 * each appends the address of its own client, and the last one that is not a listed proxy counts.
 */
export class ClientAddresses {
  readonly #isPrivate = proxyAddr.compile(PRIVATE_NETWORKS);
  readonly #isListed: ReturnType<typeof proxyAddr.compile>;
  /** Several limits ask for the address of the same request. */
  readonly #known = new WeakMap<IncomingMessage, string>();

  /** @param trustedProxies addresses and networks in CIDR notation */
  constructor(trustedProxies: readonly string[]) {
    this.#isListed = proxyAddr.compile([...trustedProxies]);
  }

  /**
   * Whether the forwarded headers of a request from this address count: Express' setting `trust proxy`.
   *
   * @param hop 0 for the address that is connected, 1 for the one that it names, and so on
   */
  readonly trusts = (address: string, hop: number): boolean =>
    (hop === 0 && this.#isPrivate(address, hop)) || this.#isListed(address, hop);

  /** Returns the address that the limits count a request for: see `limitedAddress`. Call it before the connection closes. */
  of(request: IncomingMessage): string {
    const known = this.#known.get(request);
    if (known !== undefined) return known;
    const address = limitedAddress(proxyAddr(request, this.trusts));
    this.#known.set(request, address);
    return address;
  }
}

/**
 * Returns an IPv4 address as it is, also one that is mapped into IPv6, and the /64 network of an IPv6 address, such as
 * `2001:db8:1:2::/64`. Everything else counts as one address, `unknown`.
 */
export function limitedAddress(address: string | undefined): string {
  if (address === undefined || !ipaddr.isValid(address)) return 'unknown';
  const parsed = ipaddr.process(address);
  if (parsed instanceof ipaddr.IPv4) return parsed.toString();
  const network = parsed.parts.slice(0, IPV6_NETWORK_GROUPS).map((group) => group.toString(16));
  return `${network.join(':')}::/64`;
}
