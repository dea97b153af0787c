import type { RequestHandler } from 'express';
import type { ClientAddresses } from '../client-address.ts';
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
