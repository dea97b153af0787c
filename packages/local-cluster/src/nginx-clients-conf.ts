import type { NginxConfig } from './settings.ts';

/**
 * Renders the generated part of nginx.conf's `http` block about its clients: who they are, and how much each may ask for. It is the
 * only place where the forwarded headers of a load balancer count. nginx passes on what it found out, in headers of its own.
 */
export const renderClientsConf = (settings: NginxConfig): string =>
  [forwardedHeaders(settings.TRUSTED_PROXIES), CLIENT_KEY, ...limitsOf(settings)].join('');

/** `$remote_addr`, `$forwarded_proto` and `$forwarded_host` of the client, not of the load balancer. */
function forwardedHeaders(proxies: readonly string[]): string {
  if (proxies.length === 0) {
    return `map $scheme $forwarded_proto {
  default $scheme;
}
map $http_host $forwarded_host {
  default $http_host;
}
`;
  }
  return `${proxies.map((proxy) => `set_real_ip_from ${proxy};\n`).join('')}real_ip_header X-Forwarded-For;
real_ip_recursive on;
geo $realip_remote_addr $is_trusted_proxy {
  default 0;
${proxies.map((proxy) => `  ${proxy} 1;\n`).join('')}}
map "$is_trusted_proxy $http_x_forwarded_proto" $forwarded_proto {
  default $scheme;
  "1 https" https;
  "1 http" http;
}
map "$is_trusted_proxy $http_x_forwarded_host" $forwarded_host {
  default $http_host;
  "~*^1 (?<trusted_host>[a-z0-9.:\\[\\]_-]+)$" $trusted_host;
}
`;
}

/**
 * The key of a client: the four bytes of its IPv4 address, also of one that is mapped into IPv6, or the first eight bytes of its IPv6
 * address, which are its /64 network.
 */
const CLIENT_KEY = `map $binary_remote_addr $client_key {
  default $binary_remote_addr;
  "~(?s)^\\x00{10}\\xff\\xff(?<client_ipv4>.{4})$" $client_ipv4;
  "~(?s)^(?<client_network>.{8}).{8}$" $client_network;
}
`;

/** How many requests beyond the rate may come at once, as a multiple of the rate of a second. */
const REQUEST_BURST_SECONDS = 10;

/** A chat server refuses handshakes earlier, because only its refusal reaches a WebSocket client with its code and time. */
const HANDSHAKE_SLACK = 2;

/** A limit of 0 renders nothing. All zones have room for hundreds of thousands of addresses. */
function limitsOf(settings: NginxConfig): string[] {
  const {
    HTTP_CONNECTIONS_PER_ADDRESS: connections,
    HTTP_REQUESTS_PER_SECOND: requests,
    HANDSHAKES_PER_MINUTE: handshakes,
  } = settings;
  return [
    connections > 0 &&
      `limit_conn_zone $client_key zone=connections:16m;
limit_conn connections ${connections};
`,
    requests > 0 &&
      `limit_req_zone $client_key zone=requests:16m rate=${requests}r/s;
limit_req zone=requests burst=${requests * REQUEST_BURST_SECONDS} nodelay;
`,
    handshakes > 0 &&
      `map "$uri $arg_sid" $handshake_key {
  default '';
  "/socket.io/ " $client_key;
}
limit_req_zone $handshake_key zone=handshakes:16m rate=${handshakes * HANDSHAKE_SLACK}r/m;
limit_req zone=handshakes burst=${handshakes} nodelay;
`,
  ].filter((text) => text !== false);
}
