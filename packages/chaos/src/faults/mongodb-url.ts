const DEFAULT_PORT = 27_017;
const SINGLE_HOST = /^(mongodb:\/\/(?:[^@/]*@)?)([^@/?,%]+)(?:\/([^?]*))?(?:\?(.*))?$/;
/** Options that require the server's own host name. */
const REQUIRES_HOST_NAME = /(^|&)(tls|ssl|loadBalanced)=true(&|$)/i;

export interface SingleHost {
  /** `host:port` */
  readonly address: string;
  /** Returns the URL with another address. The driver then connects to this address only. */
  urlAt(address: string): string;
}

/** Returns the single host of a URL, or undefined if a link cannot replace the host. */
export function singleHostOf(url: string): SingleHost | undefined {
  const [, start, host, path = '', query = ''] = SINGLE_HOST.exec(url) ?? [];
  if (start === undefined || host === undefined || REQUIRES_HOST_NAME.test(query)) return undefined;
  return {
    address: /:\d+$/.test(host) ? host : `${host}:${DEFAULT_PORT}`,
    urlAt(address) {
      const parameters = new URLSearchParams(query);
      parameters.set('directConnection', 'true');
      return `${start}${address}/${path}?${parameters}`;
    },
  };
}
