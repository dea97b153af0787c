import type { ChildProcess } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Directive, RedisServerProcess } from './redis-server-process.ts';
import type { TlsCertificate } from './tls-certificate.ts';

export interface RedisServersOptions {
  /** An existing directory; each server gets a directory in it. */
  readonly directory: string;
  readonly freePort: () => Promise<number>;
  /** Password of the default user of every Redis server. */
  readonly password?: string;
  /** An ACL user with all permissions and the same password, beside the default user. */
  readonly username?: string;
  /** All ports accept TLS only. */
  readonly tls?: TlsCertificate;
  /** Default: no persistence. */
  readonly appendFsync?: 'always' | 'everysec';
  /** Further directives of every Redis server, such as `['maxmemory', '40mb']`. */
  readonly directives?: readonly Directive[];
  /** Environment of every Redis server, such as a clock. Default: that of the caller, which Sentinels always have. */
  readonly env?: NodeJS.ProcessEnv;
  /** Called with each process that is started, which then leads a process group. */
  readonly onSpawn?: (child: ChildProcess) => void;
}

/** The processes of one topology, which share their security settings. `stop` ends all of them, also after a failed start. */
export class RedisServerSet {
  readonly options: RedisServersOptions;
  readonly #servers: RedisServerProcess[] = [];

  constructor(options: RedisServersOptions) {
    this.options = options;
  }

  /** User and password as in a URL, percent-encoded: `user:password@`, or ''. */
  get credentials(): string {
    const { username = '', password } = this.options;
    return password === undefined ? '' : `${encodeURIComponent(username)}:${encodeURIComponent(password)}@`;
  }

  /** The first part of a URL's scheme. */
  get scheme(): 'redis' | 'rediss' {
    return this.options.tls ? 'rediss' : 'redis';
  }

  /** Starts a Redis server with persistence, password and TLS as the options say. */
  startRedis(name: string, directives: readonly Directive[]): Promise<RedisServerProcess> {
    const { password, username, appendFsync } = this.options;
    return this.#start(name, false, password, [
      ['save', ''],
      ['appendonly', appendFsync ? 'yes' : 'no'],
      ['appendfsync', appendFsync ?? 'everysec'],
      ['repl-diskless-sync-delay', 0],
      ['repl-ping-replica-period', 1],
      ...(password === undefined
        ? []
        : ([
            ['requirepass', password],
            ['masterauth', password],
          ] as const)),
      ...(username && password !== undefined
        ? [['user', username, 'on', `>${password}`, '~*', '&*', '+@all'] as const]
        : []),
      ...directives,
      ...(this.options.directives ?? []),
    ]);
  }

  /** Starts a Sentinel. @param password which clients and the other Sentinels must use; undefined = none */
  startSentinel(
    name: string,
    password: string | undefined,
    directives: readonly Directive[],
  ): Promise<RedisServerProcess> {
    return this.#start(name, true, password, [
      ...(password === undefined
        ? []
        : ([
            ['requirepass', password],
            ['sentinel', 'sentinel-pass', password],
          ] as const)),
      ...directives,
    ]);
  }

  async stop(): Promise<void> {
    await Promise.all(this.#servers.map((server) => server.stop()));
  }

  async #start(
    name: string,
    isSentinel: boolean,
    password: string | undefined,
    directives: readonly Directive[],
  ): Promise<RedisServerProcess> {
    const { tls, env, onSpawn } = this.options;
    const directory = join(this.options.directory, name);
    mkdirSync(directory);
    const port = await this.options.freePort();
    const server = new RedisServerProcess({
      name,
      port,
      directory,
      ...{ isSentinel, env: isSentinel ? undefined : env, onSpawn },
      directives: [...(tls ? tlsDirectives(port, tls, isSentinel) : []), ...directives],
      admin: { ...(password === undefined ? {} : { password }), ...(tls ? { tls: { ca: tls.certificate } } : {}) },
    });
    this.#servers.push(server);
    await server.start();
    return server;
  }
}

const tlsDirectives = (port: number, tls: TlsCertificate, isSentinel: boolean): readonly Directive[] => [
  ['port', 0],
  ['tls-port', port],
  ['tls-cert-file', tls.certificateFile],
  ['tls-key-file', tls.keyFile],
  ['tls-ca-cert-file', tls.certificateFile],
  ['tls-auth-clients', 'no'],
  ['tls-replication', 'yes'],
  ...(isSentinel ? [] : [['tls-cluster', 'yes'] as const]),
];

/** Calls `check` until it returns a value. @throws Error after `withinMs` */
export async function waitFor<T>(check: () => Promise<T | undefined>, what: string, withinMs = 60_000): Promise<T> {
  const endsAt = performance.now() + withinMs;
  for (;;) {
    const result = await check().catch(() => undefined);
    if (result !== undefined) return result;
    if (performance.now() > endsAt) throw new Error(`${what}: not within ${withinMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
