import { fileURLToPath } from 'node:url';
import { type FaultTarget, NetworkLink } from '@parley/load-kit/faults';

const PRELOAD = fileURLToPath(new URL('./redirect-connections.ts', import.meta.url));

/** A chat server whose connections to Redis go through links of its own. They can be cut while all others work. */
export class IsolatedServer {
  readonly name: string;
  readonly faultTarget: FaultTarget;
  /** Environment variables of the server. */
  readonly env: NodeJS.ProcessEnv;
  readonly #links: readonly NetworkLink[];

  private constructor(name: string, links: ReadonlyMap<number, NetworkLink>) {
    this.name = name;
    this.#links = [...links.values()];
    this.env = {
      NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ''} --import ${PRELOAD}`.trim(),
      REDIRECT_PORTS: JSON.stringify(Object.fromEntries([...links].map(([port, link]) => [port, link.port]))),
    };
    this.faultTarget = {
      name: `${name}-redis-link`,
      group: 'chat-server',
      kinds: ['isolate'],
      inject: async () => {
        for (const link of this.#links) link.interrupt();
        return () => {
          for (const link of this.#links) link.restore();
        };
      },
    };
  }

  /** @param ports the ports at which it reaches Redis */
  static async open(name: string, ports: readonly number[]): Promise<IsolatedServer> {
    const links = new Map<number, NetworkLink>();
    for (const port of ports) links.set(port, await NetworkLink.open({ host: '127.0.0.1', port }));
    return new IsolatedServer(name, links);
  }

  async close(): Promise<void> {
    await Promise.all(this.#links.map((link) => link.close()));
  }
}
