const DEFAULT_PORT = 27_017;
const ONE_HOST = /^(mongodb:\/\/(?:[^@/]*@)?)([^@/?,%]+)(?:\/([^?]*))?(?:\?(.*))?$/;
/** Options with which a server is reached under its own name only. */
const NAMED = /(^|&)(tls|ssl|loadBalanced)=true(&|$)/i;

export interface OnlyHost {
  /** `host:port` */
  readonly address: string;
  /** The URL with another address of that server; nothing that the server says of itself leads past it. */
  urlAt(address: string): string;
}

/** @returns the one host that a URL names; undefined where it names several or none, so that no link can stand in for it */
export function onlyHostOf(url: string): OnlyHost | undefined {
  const [, start, host, path = '', query = ''] = ONE_HOST.exec(url) ?? [];
  if (start === undefined || host === undefined || NAMED.test(query)) return undefined;
  return {
    address: /:\d+$/.test(host) ? host : `${host}:${DEFAULT_PORT}`,
    urlAt(address) {
      const parameters = new URLSearchParams(query);
      parameters.set('directConnection', 'true');
      return `${start}${address}/${path}?${parameters}`;
    },
  };
}
