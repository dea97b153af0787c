import { waitAtBarrier } from './barriers.ts';
import { Chatter } from './chatter.ts';
import { journal } from './journal.ts';
import { failed, passed, startMeasuring, writeSamples } from './measure.ts';
import { type ArtilleryEvents, numberOf, type VirtualUser } from './virtual-user.ts';

const GREETING_DEADLINE_MS = 30_000;
const OTHERS_DEADLINE_SECONDS = 300;

const chatters = new WeakMap<object, Chatter>();
const spoken = new WeakSet<Chatter>();

export function chatterOf(user: VirtualUser): Chatter {
  const chatter = chatters.get(user.vars);
  if (!chatter) throw new Error('`enter` must be the first step');
  return chatter;
}

/** Step: says hello and listens from now on. */
export async function enter(user: VirtualUser, events: ArtilleryEvents): Promise<void> {
  startMeasuring(events);
  const chatter = new Chatter(user);
  chatters.set(user.vars, chatter);
  await orGiveUp(chatter, async () => {
    if (!(await chatter.greet()) && !(await chatter.isBackWithin(GREETING_DEADLINE_MS))) {
      failed('session:hello', 'GAVE_UP');
      throw new Error('session:hello was not answered');
    }
  }).finally(() => passed('connected'));
}

/** Step: waits until everybody is in, in all processes; at most `waitForOthersSeconds` (300). */
export async function waitForEverybody(user: VirtualUser): Promise<void> {
  await waitAtBarrier('all-connected', othersDeadlineMs(user));
}

/** Step: sends one message to the user's conversation, and waits for its ack. */
export async function say(user: VirtualUser): Promise<void> {
  const chatter = chatterOf(user);
  await orGiveUp(chatter, () => chatter.say(user.vars.conversationId));
}

/**
 * Step: waits until everybody has said everything, in all processes (at most `waitForOthersSeconds`, 300), then checks that
 * this user was shown all of it, and goes.
 */
export async function leave(user: VirtualUser): Promise<void> {
  const chatter = chatterOf(user);
  hasSpoken(chatter);
  await waitAtBarrier('all-sent', othersDeadlineMs(user));
  await orGiveUp(chatter, () => chatter.settle());
  goAway(chatter);
}

/** A step that fails is the user's last one; nobody waits for it then. */
export async function orGiveUp(chatter: Chatter, step: () => Promise<void>): Promise<void> {
  try {
    await step();
  } catch (error) {
    hasSpoken(chatter);
    goAway(chatter);
    throw error;
  }
}

function hasSpoken(chatter: Chatter): void {
  if (spoken.has(chatter)) return;
  spoken.add(chatter);
  passed('finished_sending');
}

function goAway(chatter: Chatter): void {
  chatter.leave();
  writeSamples();
  journal.write();
}

const othersDeadlineMs = (user: VirtualUser) => numberOf(user, 'waitForOthersSeconds', OTHERS_DEADLINE_SECONDS) * 1_000;
