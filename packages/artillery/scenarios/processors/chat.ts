import { waitAtBarrier } from './barriers.ts';
import { eventFile } from './event-file.ts';
import { reached, recordFailure, startMeasuring, writeSamples } from './measure.ts';
import { ScenarioClient } from './scenario-client.ts';
import { type ArtilleryEvents, numberOf, type VirtualUser } from './virtual-user.ts';

const HELLO_DEADLINE_MS = 30_000;
const DEFAULT_WAIT_SECONDS = 300;

const clients = new WeakMap<object, ScenarioClient>();
const finished = new WeakSet<ScenarioClient>();

export function clientOf(user: VirtualUser): ScenarioClient {
  const client = clients.get(user.vars);
  if (!client) throw new Error('`startSession` must be the first step');
  return client;
}

/** Step: sends hello and starts to receive. */
export async function startSession(user: VirtualUser, events: ArtilleryEvents): Promise<void> {
  startMeasuring(events);
  const client = new ScenarioClient(user);
  clients.set(user.vars, client);
  await endUserOnError(client, async () => {
    if (!(await client.startSession()) && !(await client.isReconnectedWithin(HELLO_DEADLINE_MS))) {
      recordFailure('session:hello', 'GAVE_UP');
      throw new Error('session:hello was not answered');
    }
  }).finally(() => reached('connected'));
}

/** Step: waits until all users of all processes are connected, at most `waitForAllSeconds` (300). */
export async function waitForAllUsers(user: VirtualUser): Promise<void> {
  await waitAtBarrier('all-connected', waitDeadlineMs(user));
}

/** Step: sends one message to the user's conversation and waits for its ack. */
export async function sendMessage(user: VirtualUser): Promise<void> {
  const client = clientOf(user);
  await endUserOnError(client, () => client.sendMessage(user.vars.conversationId));
}

/**
 * Step: waits until all users of all processes have sent their messages, at most `waitForAllSeconds` (300). Then checks that this
 * user received all messages, and disconnects.
 */
export async function verifyAndDisconnect(user: VirtualUser): Promise<void> {
  const client = clientOf(user);
  finishSending(client);
  await waitAtBarrier('all-sent', waitDeadlineMs(user));
  await endUserOnError(client, () => client.settle());
  disconnect(client);
}

/** Runs a step. If it fails, the user disconnects and other users do not wait for it. */
export async function endUserOnError(client: ScenarioClient, step: () => Promise<void>): Promise<void> {
  try {
    await step();
  } catch (error) {
    finishSending(client);
    disconnect(client);
    throw error;
  }
}

function finishSending(client: ScenarioClient): void {
  if (finished.has(client)) return;
  finished.add(client);
  reached('finished_sending');
}

function disconnect(client: ScenarioClient): void {
  client.disconnect();
  writeSamples();
  eventFile.write();
}

const waitDeadlineMs = (user: VirtualUser) => numberOf(user, 'waitForAllSeconds', DEFAULT_WAIT_SECONDS) * 1_000;
