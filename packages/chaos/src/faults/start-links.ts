import type { FaultTarget } from '@parley/load-kit/faults';
import { type Link, openLink } from './link.ts';
import { onlyHostOf } from './mongodb-url.ts';
import { RedisServer } from './redis-server.ts';
import { NO_TOXIPROXY, Toxiproxy, toxiproxyProgram } from './toxiproxy.ts';

/** The ways to Redis and to MongoDB, as far as they can fail here. */
export interface Links {
  /** A Redis of its own: for the cluster, and past the link. Undefined = there is none, the cluster brings its own. */
  readonly redis: { readonly url: string; readonly directUrl: string } | undefined;
  /** For the cluster: through the link where there is one. */
  readonly mongodbUrl: string | undefined;
  readonly faultTargets: readonly FaultTarget[];
  stop(): Promise<void>;
}

/**
 * Puts toxiproxy in front of a Redis that it starts, and of the server of `mongodbUrl`; what has to stay whole is reported.
 * @param directory for what Redis keeps
 */
export async function startLinks(options: {
  directory: string;
  mongodbUrl: string | undefined;
  report: (line: string) => void;
}): Promise<Links> {
  const { directory, mongodbUrl, report } = options;
  const program = await toxiproxyProgram();
  if (!program) {
    report(`${NO_TOXIPROXY}: the links to Redis${mongodbUrl ? ' and MongoDB' : ''} stay whole`);
    return { redis: undefined, mongodbUrl, faultTargets: [], stop: async () => undefined };
  }
  const mongodb = mongodbUrl ? onlyHostOf(mongodbUrl) : undefined;
  if (mongodbUrl && !mongodb) report('MONGODB_URL is not one plain host: the link to MongoDB stays whole');
  const toxiproxy = await Toxiproxy.start(program);
  let redis: RedisServer | undefined;
  const stop = async () => {
    await Promise.all([redis?.stop(), toxiproxy.stop()]);
  };
  try {
    redis = await RedisServer.start(directory);
    const redisLink = await openLink(toxiproxy, { name: 'redis-link', group: 'redis', upstream: redis.address });
    let mongodbLink: Link | undefined;
    if (mongodb) {
      mongodbLink = await openLink(toxiproxy, { name: 'mongodb-link', group: 'store', upstream: mongodb.address });
    }
    return {
      redis: { url: `redis://${redisLink.address}`, directUrl: `redis://${redis.address}` },
      mongodbUrl: mongodb && mongodbLink ? mongodb.urlAt(mongodbLink.address) : mongodbUrl,
      faultTargets: [redis.faultTarget, redisLink.faultTarget, ...(mongodbLink ? [mongodbLink.faultTarget] : [])],
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
