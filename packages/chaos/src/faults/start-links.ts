import type { FaultTarget } from '@parley/load-kit/faults';
import type { Supervision } from '@parley/local-cluster';
import { type FaultyLink, openLink } from './faulty-link.ts';
import { singleHostOf } from './mongodb-url.ts';
import { RedisServer } from './redis-server.ts';
import { findToxiproxy, NO_TOXIPROXY, Toxiproxy } from './toxiproxy.ts';

/** The links to Redis and MongoDB in which faults can be injected. */
export interface Links {
  /** The URLs of the test bed's Redis, through the link and bypassing it. undefined = the cluster starts its own Redis. */
  readonly redis: { readonly url: string; readonly directUrl: string } | undefined;
  /** The cluster's MongoDB URL, through the link if there is one. */
  readonly mongodbUrl: string | undefined;
  readonly faultTargets: readonly FaultTarget[];
  stop(): Promise<void>;
}

/**
 * Starts Redis and toxiproxy, and opens links to Redis and to the server of `mongodbUrl`. Reports each link that cannot be opened.
 *
 * @param directory for Redis's data
 */
export async function startLinks(options: {
  directory: string;
  mongodbUrl: string | undefined;
  supervision: Supervision;
  report: (line: string) => void;
}): Promise<Links> {
  const { directory, mongodbUrl, supervision, report } = options;
  const program = await findToxiproxy();
  if (!program) {
    report(`${NO_TOXIPROXY}: no faults on the links to Redis${mongodbUrl ? ' and MongoDB' : ''}`);
    return { redis: undefined, mongodbUrl, faultTargets: [], stop: async () => undefined };
  }
  const mongodb = mongodbUrl ? singleHostOf(mongodbUrl) : undefined;
  if (mongodbUrl && !mongodb) report('MONGODB_URL does not name a single host: no faults on the link to MongoDB');
  const toxiproxy = await Toxiproxy.start(program);
  let redis: RedisServer | undefined;
  const stop = async () => {
    await Promise.all([redis?.stop(), toxiproxy.stop()]);
  };
  try {
    redis = await RedisServer.start(directory, supervision);
    const redisLink = await openLink(toxiproxy, { name: 'redis-link', group: 'redis', upstream: redis.address });
    let mongodbLink: FaultyLink | undefined;
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
