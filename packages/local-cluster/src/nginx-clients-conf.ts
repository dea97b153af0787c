import { clientLimitSettings, trustedProxiesSetting } from '@parley/service-kit';
import { z } from 'zod';

/** The settings that nginx applies to its clients, with the defaults of a public address. */
export const NginxSettings = z.object({ TRUSTED_PROXIES: trustedProxiesSetting, ...clientLimitSettings(true) });
export type NginxClientSettings = Pick<z.output<typeof NginxSettings>, 'TRUSTED_PROXIES'>;

/**
 * Renders the generated part of nginx.conf's `http` block about its clients: who they are, and how much each may ask for. It is the
 * only place where the forwarded headers of a load balancer count. nginx passes on what it found out, in headers of its own.
 */
export const renderClientsConf = (settings: NginxClientSettings): string => forwardedHeaders(settings.TRUSTED_PROXIES);

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
