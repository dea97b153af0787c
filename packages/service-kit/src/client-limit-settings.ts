import { z } from 'zod';
import { integerSetting, setting } from './setting.ts';

interface LimitDoc {
  /** The default on a public address. */
  readonly safe: number;
  readonly unit: string;
  readonly meaning: string;
  readonly tradeOff: string;
}

/** A limit by address or by rate. 0 = off, which is the default on one's own machine: its users share one address. */
const limitSetting = (production: boolean, { safe, ...doc }: LimitDoc) =>
  integerSetting({
    section: 'Limits by address and rate',
    min: 0,
    max: 1_000_000,
    default: production ? safe : 0,
    ...doc,
  });

/**
 * The limits that chat servers enforce. A client beyond one gets `RATE_LIMITED` with `retryAfterMs`.
 *
 * @param production whether the defaults must be safe on a public address: in a chat server, and with `NODE_ENV=production` in `npm start`
 */
export const clientLimitSettings = (production: boolean) => ({
  CLIENTS_PER_ADDRESS: limitSetting(production, {
    safe: 20,
    unit: 'sessions',
    meaning:
      'Session slots of one address (an IPv4 address or an IPv6 /64); 0 = no limit. A client beyond it gets `RATE_LIMITED` and no position in the waiting room. It must be the same in every chat server. `npm start` has no limit by default, except with `NODE_ENV=production`.',
    tradeOff: 'A low value leaves slots for others. People behind the same address, such as an office, share it.',
  }),
  SIGNUPS_PER_MINUTE: limitSetting(production, {
    safe: 10,
    unit: 'accounts per minute',
    meaning: 'Accounts and guests that one address may create in a minute; 0 = no limit.',
    tradeOff: 'A low value slows down abuse. People behind the same address share it.',
  }),
  LOGINS_PER_MINUTE: limitSetting(production, {
    safe: 60,
    unit: 'log-ins per minute',
    meaning: 'Log-ins, also those with a wrong password, that one address may try in a minute; 0 = no limit.',
    tradeOff: 'Each costs about 30 ms of a core. People behind the same address share the limit.',
  }),
  FAILED_LOGINS: integerSetting({
    section: 'Limits by address and rate',
    min: 0,
    max: 1_000_000,
    default: 10,
    unit: 'log-ins in 5 minutes',
    meaning: 'Log-ins with a wrong password for one name from one address in 5 minutes; 0 = no limit.',
    tradeOff: 'A low value slows down guessing. Elsewhere the owner of the name can still log in.',
  }),
  FAILED_LOGINS_PER_NAME: limitSetting(production, {
    safe: 200,
    unit: 'log-ins in 5 minutes',
    meaning:
      'Log-ins with a wrong password for one name from all addresses together in 5 minutes; 0 = no limit. Beyond it, only addresses from which the name has logged in during the last 30 days may try.',
    tradeOff:
      'It slows down guessing from many addresses. During such an attack the owner cannot log in from a new address.',
  }),
  HANDSHAKES_PER_MINUTE: limitSetting(production, {
    safe: 1_200,
    unit: 'connections per minute',
    meaning:
      'Socket.IO connections that one address may try in a minute, also refused ones; 0 = no limit. nginx refuses those beyond twice as many before they reach a chat server.',
    tradeOff:
      'A client in the waiting room connects about once a second. People behind the same address share the limit.',
  }),
  REQUESTS_PER_MINUTE: limitSetting(production, {
    safe: 600,
    unit: 'requests per minute',
    meaning: 'REST requests of one user in a minute; 0 = no limit.',
    tradeOff: 'The web client needs about 100 for its start and few afterwards.',
  }),
  REQUESTS_PER_MINUTE_PER_ADDRESS: limitSetting(production, {
    safe: 6_000,
    unit: 'requests per minute',
    meaning: 'REST requests of one address in a minute, also those without a valid access token; 0 = no limit.',
    tradeOff: 'People behind the same address share it.',
  }),
  SEARCHES_PER_MINUTE: limitSetting(production, {
    safe: 120,
    unit: 'searches per minute',
    meaning: 'Searches of one user in a minute, for messages and for users by name; 0 = no limit.',
    tradeOff: 'A search is the most expensive call. The web client searches while its user types.',
  }),
  EVENTS_PER_SECOND: limitSetting(production, {
    safe: 50,
    unit: 'events per second',
    meaning:
      'Socket.IO events of one user in a second, as an average over 10 seconds; 0 = no limit. Each chat server counts alone. Messages and changes count for `MESSAGES_PER_SECOND` instead.',
    tradeOff: 'A client that sends more although it is refused is read more slowly.',
  }),
});

/** The names of the settings of `clientLimitSettings`. */
export const CLIENT_LIMITS = Object.keys(clientLimitSettings(true)) as (keyof ReturnType<typeof clientLimitSettings>)[];

/** The limits that only nginx enforces. Their keys are addresses. */
export const nginxLimitSettings = (production: boolean) => ({
  HTTP_CONNECTIONS_PER_ADDRESS: limitSetting(production, {
    safe: 200,
    unit: 'connections',
    meaning: 'HTTP requests and WebSockets of one address that nginx serves at the same time; 0 = no limit.',
    tradeOff:
      'Each page needs one for its WebSocket and up to six while it loads. People behind the same address share the limit.',
  }),
  HTTP_REQUESTS_PER_SECOND: limitSetting(production, {
    safe: 100,
    unit: 'requests per second',
    meaning:
      'HTTP requests of one address that nginx passes on in a second, files of the page and long-polling included; 0 = no limit. Up to ten times as many may come at once.',
    tradeOff:
      'A client that uses long-polling needs several in a second. People behind the same address share the limit.',
  }),
});

const allowedProxies = 'IP addresses or networks such as 203.0.113.7,10.1.0.0/16,2001:db8::/64, separated by commas';

/** A network of prefix length 0 contains every client, and each could then choose its own address. */
const proxy = z.union([z.ipv4(), z.ipv6(), z.cidrv4().regex(/\/0*[1-9]/), z.cidrv6().regex(/\/0*[1-9]/)], {
  error: allowedProxies,
});

export const trustedProxiesSetting = setting(
  z
    .string()
    .transform((list) => list.split(',').map((address) => address.trim()))
    .pipe(z.array(proxy))
    .default([]),
  {
    section: 'Access',
    allowed: allowedProxies,
    meaning:
      'Addresses of the TLS load balancer in front of nginx. Only requests from them may name the address, protocol and host of their client in `X-Forwarded-For`, `X-Forwarded-Proto` and `X-Forwarded-Host`. nginx applies it; a chat server trusts nginx at a private address and the addresses in this list.',
    tradeOff:
      'Unset behind a load balancer: all clients share its address and its limits. An address too many: its clients can pretend to be somebody else.',
  },
);
