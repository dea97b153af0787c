import fc from 'fast-check';
import { CONNECTIONS } from './generated/connections.ts';
import { httpRequests } from './generated/http-requests.ts';
import { restRequests } from './generated/rest-requests.ts';
import { tokenHandshakes, tokenRequests } from './generated/tokens.ts';
import type { HostileInput } from './hostile-input.ts';

const CHUNK = 40;
/** fast-check takes seeds of 32 bits. Successive chunks of one generator, and the generators of one run, get different ones. */
const seedOf = (seed: number, generator: number, chunk: number) =>
  (Math.imul(seed, 0x9e3779b1) ^ Math.imul(generator + 1, 0x85ebca6b) ^ Math.imul(chunk + 1, 0xc2b2ae35)) | 0;

/** All kinds of input. An event costs a frame and a request a connection, so that there are fewer requests than events. */
const anyInput: fc.Arbitrary<HostileInput> = fc.oneof(
  { weight: 12, arbitrary: CONNECTIONS.events },
  { weight: 14, arbitrary: CONNECTIONS.packets },
  { weight: 10, arbitrary: CONNECTIONS.frames },
  { weight: 6, arbitrary: CONNECTIONS.polling },
  { weight: 8, arbitrary: CONNECTIONS.upgrades },
  { weight: 24, arbitrary: restRequests },
  { weight: 14, arbitrary: httpRequests },
  { weight: 8, arbitrary: tokenRequests },
  { weight: 4, arbitrary: tokenHandshakes },
);

/**
 * Generates inputs without an end. The same seed gives the same inputs.
 *
 * @param generator number of this generator: several of one run generate different inputs
 */
export function* generateInputs(seed: number, generator = 0): Generator<HostileInput, never> {
  for (let chunk = 0; ; chunk += 1) {
    yield* fc.sample(anyInput, { seed: seedOf(seed, generator, chunk), numRuns: CHUNK });
  }
}
