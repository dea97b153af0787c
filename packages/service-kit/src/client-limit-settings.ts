import { z } from 'zod';
import { integerSetting, setting } from './setting.ts';

/** Defines a limit. Its default is off on a machine for trying and developing, and safe elsewhere. */
const limitSetting = (
  production: boolean,
  doc: { safe: number; unit: string; meaning: string; tradeOff: string; max?: number },
) => {
  const { safe, max = 1_000_000, ...described } = doc;
  return integerSetting({ section: 'Access', min: 0, max, default: production ? safe : 0, ...described });
};

/**
 * The limits by address and by rate. 0 = off.
 *
 * @param production whether the defaults must be safe on a public address. `npm start` switches all of them off, except with
 *   `NODE_ENV=production`: users of one machine share its address
 */
export const clientLimitSettings = (production: boolean) => ({
  SIGNUPS_PER_MINUTE: limitSetting(production, {
    safe: 10,
    unit: 'accounts per minute',
    meaning:
      'Accounts and guests that one address (an IPv4 address or an IPv6 /64) may create in a minute; 0 = no limit. `npm start` has no limit by default, except with `NODE_ENV=production`.',
    tradeOff: 'A low value slows down abuse. People behind the same address share it.',
  }),
});

/** The names of the settings of `clientLimitSettings`. */
export const CLIENT_LIMITS = Object.keys(clientLimitSettings(true)) as (keyof ReturnType<typeof clientLimitSettings>)[];

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
