import { copyFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { renderClientsConf } from './nginx-clients-conf.ts';
import type { NginxConfig } from './settings.ts';

/** A chat server behind nginx. */
export interface Upstream {
  /** Its NODE_NAME. The session ids that it creates begin with it. */
  readonly name: string;
  readonly port: number;
}

/** Renders the generated part of nginx.conf's `http` block: the pool, each chat server by name, a map from session id to server. */
export function renderClusterConf(upstreams: readonly Upstream[]): string {
  // max_fails=0: a server that refuses a connection costs nothing, because nginx tries the next one at once. If nginx marked it as
  // failed for some seconds, a rolling restart could leave no server. keepalive_timeout is below Node's 5 s, and nginx never
  // reuses a connection that Node is about to close.
  const pool = upstreams.map(({ port }) => `  server 127.0.0.1:${port} max_fails=0;\n`).join('');
  const named = upstreams.map(
    ({ name, port }) => `upstream ${name} {\n  server 127.0.0.1:${port} max_fails=0;\n  ${KEEPALIVE}\n}\n`,
  );
  const bySession = upstreams.map(({ name }) => `  "~^${name}\\." ${name};\n`).join('');
  return `upstream chat_servers {
  zone chat_servers 256k;
  least_conn;
${pool}  ${KEEPALIVE}
}
${named.join('')}map $arg_sid $chat_server {
  default chat_servers;
${bySession}}
`;
}

const KEEPALIVE = 'keepalive 64;\n  keepalive_timeout 4s;';

/** Renders the generated part of nginx.conf's `server` block: the public addresses. */
export const renderListenConf = (port: number, hosts: readonly string[]): string =>
  hosts.map((host) => `listen ${host.includes(':') ? `[${host}]` : host}:${port} reuseport backlog=4096;\n`).join('');

const OPEN: NginxConfig = {
  TRUSTED_PROXIES: [],
  HANDSHAKES_PER_MINUTE: 0,
  HTTP_CONNECTIONS_PER_ADDRESS: 0,
  HTTP_REQUESTS_PER_SECOND: 0,
};

/** Writes nginx's prefix directory: nginx.conf, its generated parts, and a link `web` to the web client. */
export function writeNginxPrefix(
  prefix: string,
  options: {
    nginxConf: string;
    webRoot: string;
    port: number;
    hosts: readonly string[];
    upstreams: readonly Upstream[];
    /** The settings of its clients. Default: no load balancer, no limits */
    clients?: Partial<NginxConfig>;
  },
): void {
  copyFileSync(options.nginxConf, join(prefix, 'nginx.conf'));
  writeFileSync(join(prefix, 'cluster.conf'), renderClusterConf(options.upstreams));
  writeFileSync(join(prefix, 'clients.conf'), renderClientsConf({ ...OPEN, ...options.clients }));
  writeFileSync(join(prefix, 'listen.conf'), renderListenConf(options.port, options.hosts));
  const web = join(prefix, 'web');
  rmSync(web, { recursive: true, force: true });
  symlinkSync(options.webRoot, web, 'dir');
}

/**
 * Returns the arguments that run nginx in the foreground within its prefix. If root starts it, the workers run as root too: other
 * users may have no access to the directory of the checkout.
 */
export const nginxArgs = (prefix: string, isRoot: boolean): string[] => [
  ...['-e', 'stderr', '-p', `${prefix}/`, '-c', join(prefix, 'nginx.conf')],
  ...['-g', `daemon off;${isRoot ? ' user root;' : ''}`],
];
