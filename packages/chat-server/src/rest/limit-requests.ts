import type { Request, RequestHandler, Response } from 'express';
import type { ClientAddresses } from '../client-address.ts';
import type { Pacer } from '../limits/pacer.ts';
import type { RateLimit } from '../limits/rate-limit.ts';
import { callerOf } from './authenticate.ts';

/** Counts requests by the address of their client. */
export const limitByAddress =
  (addresses: ClientAddresses, limit: RateLimit): RequestHandler =>
  async (request, _response, next) => {
    await limit.count(addresses.of(request));
    next();
  };

/** Counts requests by their caller, whom `authenticate` has recorded. */
export const limitByCaller =
  (limit: RateLimit): RequestHandler =>
  async (_request, response, next) => {
    await limit.count(callerOf(response));
    next();
  };

/** Costs as multiples of a simple read. A write is stored, and sent to all servers and clients. A sign-in hashes a password. */
const SIGN_IN_COST = 8;
const WRITE_COST = 16;
const SEARCH_COST = 8;
const LIST_COST = 4;
const LIST_PATH = /^\/conversations\/?$/;

/** Lets the sign-ups and log-ins of each address pass in turn. */
export const paceByAddress = (addresses: ClientAddresses, pacer: Pacer): RequestHandler =>
  pace(pacer, (request) => [addresses.of(request), SIGN_IN_COST]);

/** Lets the requests of each caller pass in turn. */
export const paceByCaller = (pacer: Pacer): RequestHandler =>
  pace(pacer, (request, response) => [callerOf(response), costOf(request)]);

const pace =
  (
    pacer: Pacer,
    describe: (request: Request, response: Response) => readonly [caller: string, cost: number],
  ): RequestHandler =>
  async (request, response, next) => {
    const isGone = () => response.destroyed;
    const [caller, cost] = describe(request, response);
    await pacer.turn(caller, { cost, isGone });
    if (!isGone()) next();
  };

function costOf({ method, path }: Request): number {
  if (method !== 'GET') return WRITE_COST;
  if (path.startsWith('/search')) return SEARCH_COST;
  return LIST_PATH.test(path) ? LIST_COST : 1;
}
