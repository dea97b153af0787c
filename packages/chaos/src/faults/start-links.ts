import type { FaultTarget } from '@parley/load-kit/faults';
import { type FaultyLink, openLink } from './faulty-link.ts';
import { singleHostOf } from './mongodb-url.ts';
import { findToxiproxy, NO_TOXIPROXY, Toxiproxy } from './toxiproxy.ts';

/** The links to Redis and MongoDB in which faults can be injected. */
export interface Links {
  /** The URL of Redis, through the link if there is one. */
  readonly redisUrl: string;
  /** The cluster's MongoDB URL, through the link if there is one. */
  readonly mongodbUrl: string | undefined;
  readonly faultTargets: readonly FaultTarget[];
  stop(): Promise<void>;
}

const SINGLE_REDIS = /^redis:\/\/([^/,]+)$/;

/**
 * Starts toxiproxy, and opens links to a single Redis and to the server of `mongodbUrl`. Reports each link that cannot be opened.
 * Servers of a Sentinel set or a Redis Cluster tell clients their own addresses, so no link can be put in front of them.
 */
export async function startLinks(options: {
  redisUrl: string;
  mongodbUrl: string | undefined;
  report: (line: string) => void;
}): Promise<Links> {
  const { redisUrl, mongodbUrl, report } = options;
  const redisAddress = SINGLE_REDIS.exec(redisUrl)?.[1];
  const mongodb = mongodbUrl ? singleHostOf(mongodbUrl) : undefined;
  if (mongodbUrl && !mongodb) report('MONGODB_URL does not name a single host: no faults on the link to MongoDB');
  const none: Links = { redisUrl, mongodbUrl, faultTargets: [], stop: async () => undefined };
  if (!redisAddress && !mongodb) return none;
  const program = await findToxiproxy();
  if (!program) {
    report(`${NO_TOXIPROXY}: no faults on the links to Redis${mongodbUrl ? ' and MongoDB' : ''}`);
    return none;
  }
  const toxiproxy = await Toxiproxy.start(program);
  try {
    let redisLink: FaultyLink | undefined;
    let mongodbLink: FaultyLink | undefined;
    if (redisAddress) {
      redisLink = await openLink(toxiproxy, { name: 'redis-link', group: 'redis', upstream: redisAddress });
    }
    if (mongodb) {
      mongodbLink = await openLink(toxiproxy, { name: 'mongodb-link', group: 'store', upstream: mongodb.address });
    }
    return {
      redisUrl: redisLink ? `redis://${redisLink.address}` : redisUrl,
      mongodbUrl: mongodb && mongodbLink ? mongodb.urlAt(mongodbLink.address) : mongodbUrl,
      faultTargets: [redisLink, mongodbLink].flatMap((link) => (link ? [link.faultTarget] : [])),
      stop: () => toxiproxy.stop(),
    };
  } catch (error) {
    await toxiproxy.stop();
    throw error;
  }
}
