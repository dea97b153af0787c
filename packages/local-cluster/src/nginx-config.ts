import { copyFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A chat server as nginx sees it. */
export interface Upstream {
  /** Its NODE_NAME, with which its session ids begin. */
  readonly name: string;
  readonly port: number;
}

/**
 * What stands beside the top-level nginx.conf in `http`: the pool, each chat server by name, and the way from a session id to
 * its server.
 */
export function renderClusterConf(upstreams: readonly Upstream[]): string {
  // A server that refuses costs nothing, the next is asked at once; leaving it alone for a while would leave none, where two are
  // restarted in turn. Idle connections are dropped before Node, after 5 s, does.
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

/** What stands beside the top-level nginx.conf in `server`: the public addresses. */
export const renderListenConf = (port: number, hosts: readonly string[]): string =>
  hosts.map((host) => `listen ${host.includes(':') ? `[${host}]` : host}:${port} reuseport backlog=4096;\n`).join('');

/** Lays out nginx's prefix: the shared configuration, its two generated parts, and the web client as `web`. */
export function writeNginxPrefix(
  prefix: string,
  options: {
    nginxConf: string;
    webRoot: string;
    port: number;
    hosts: readonly string[];
    upstreams: readonly Upstream[];
  },
): void {
  copyFileSync(options.nginxConf, join(prefix, 'nginx.conf'));
  writeFileSync(join(prefix, 'cluster.conf'), renderClusterConf(options.upstreams));
  writeFileSync(join(prefix, 'listen.conf'), renderListenConf(options.port, options.hosts));
  const web = join(prefix, 'web');
  rmSync(web, { recursive: true, force: true });
  symlinkSync(options.webRoot, web, 'dir');
}

/**
 * Runs nginx in the foreground, unprivileged below its prefix. Started by root, its workers stay that user's: the checkout
 * may be in a directory that nobody else can enter.
 */
export const nginxArgs = (prefix: string, isRoot: boolean): string[] => [
  ...['-e', 'stderr', '-p', `${prefix}/`, '-c', join(prefix, 'nginx.conf')],
  ...['-g', `daemon off;${isRoot ? ' user root;' : ''}`],
];
