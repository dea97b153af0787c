import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Redis, type RedisOptions } from 'ioredis';

/** A directive of `redis.conf` and its arguments. */
export type Directive = readonly [name: string, ...args: (string | number)[]];

export interface RedisServerSpec {
  /** Unique in its set; also the name of its directory. */
  readonly name: string;
  readonly port: number;
  readonly directory: string;
  readonly directives: readonly Directive[];
  readonly isSentinel?: boolean;
  readonly env?: NodeJS.ProcessEnv | undefined;
  /** Called with each process that is started. Its process then leads a group, so that a signal to the caller's group spares it. */
  readonly onSpawn?: ((child: ChildProcess) => void) | undefined;
  /** How the admin client logs in. */
  readonly admin: Pick<RedisOptions, 'username' | 'password' | 'tls'>;
}

/** An admin command must not wait for a server that is frozen. */
const ADMIN_TIMEOUT_MS = 1_000;
const START_TIMEOUT_MS = 30_000;
const RETRY_MS = 50;

/** One Redis or Sentinel process that can be frozen, killed and started again with its directory. */
export class RedisServerProcess {
  readonly name: string;
  readonly port: number;
  /** For commands of the test itself. Each fails after 1 s, and after a failure the next one connects again. */
  readonly admin: Redis;
  readonly #spec: RedisServerSpec;
  readonly #configFile: string;
  #child: ChildProcess | undefined;

  constructor(spec: RedisServerSpec) {
    this.#spec = spec;
    this.name = spec.name;
    this.port = spec.port;
    this.#configFile = join(spec.directory, 'redis.conf');
    const lines = [['port', spec.port], ['bind', '127.0.0.1'], ['dir', spec.directory], ...spec.directives];
    // Sentinels and Cluster nodes rewrite their files, so a restart reads what they have learned.
    writeFileSync(this.#configFile, lines.map((line) => line.map(quote).join(' ')).join('\n'));
    this.admin = new Redis(spec.port, '127.0.0.1', {
      ...spec.admin,
      lazyConnect: true,
      commandTimeout: ADMIN_TIMEOUT_MS,
      maxRetriesPerRequest: null,
      retryStrategy: () => RETRY_MS,
    });
    this.admin.on('error', () => undefined);
  }

  /** Undefined while the process does not run. */
  get pid(): number | undefined {
    return this.isRunning ? this.#child?.pid : undefined;
  }

  get isRunning(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Starts the process and waits until it answers. */
  async start(): Promise<void> {
    if (this.isRunning) return;
    const args = [this.#configFile, ...(this.#spec.isSentinel ? ['--sentinel'] : [])];
    const { directory, env, onSpawn } = this.#spec;
    const child = spawn('redis-server', args, {
      ...{ cwd: directory, stdio: 'ignore', detached: onSpawn !== undefined },
      env: env ?? process.env,
    });
    child.on('error', () => undefined);
    onSpawn?.(child);
    this.#child = child;
    const endsAt = performance.now() + START_TIMEOUT_MS;
    while (!(await this.answers())) {
      if (!this.isRunning) throw new Error(`${this.name} ended with ${child.exitCode ?? child.signalCode}`);
      if (performance.now() > endsAt) throw new Error(`${this.name} does not answer`);
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }

  /** Whether the process answers a command within 1 s. */
  async answers(): Promise<boolean> {
    return this.admin.ping().then(
      () => true,
      () => false,
    );
  }

  /** Stops the process without closing its connections (SIGSTOP). */
  freeze(): void {
    this.#child?.kill('SIGSTOP');
  }

  /** Continues a frozen process (SIGCONT). */
  thaw(): void {
    this.#child?.kill('SIGCONT');
  }

  /** Kills the process, also a frozen one, and waits until it has ended. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (!child || !this.isRunning) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }

  /** Kills the process and closes the admin client. */
  async stop(): Promise<void> {
    this.admin.disconnect();
    await this.kill();
  }
}

const quote = (argument: string | number): string =>
  /^[\w./:-]+$/.test(String(argument)) ? String(argument) : `"${String(argument).replace(/["\\]/g, '\\$&')}"`;
