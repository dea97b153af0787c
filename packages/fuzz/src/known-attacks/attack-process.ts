// The process of the attackers: its work must not delay the measurements of the healthy users.
import { getPriority, setPriority } from 'node:os';
import type { Stage } from './known-attack.ts';
import { KNOWN_ATTACKS } from './known-attacks.ts';
import type { AttackCommand, AttackReport } from './running-attack.ts';

const LOWEST_PRIORITY = 19;
const LOWER_BY = 5;
/** The attackers' computers are others. Here they share one with the servers, and must leave them a core. */
setPriority(Math.min(LOWEST_PRIORITY, getPriority() + LOWER_BY));

const stopping = new AbortController();
const stopped = new Promise<void>((resolve) => {
  stopping.signal.addEventListener('abort', () => resolve(), { once: true });
});
const counts: Record<string, number> = {};
const report = (message: AttackReport) => process.send?.(message);
const reportCounts = () => report({ type: 'counts', counts });

process.on('message', (command: AttackCommand) => {
  if (command.type === 'stop') stopping.abort();
  else if (command.type === 'prepare')
    prepareAttack(command).catch((error: Error) => report({ type: 'failed', reason: error.stack ?? error.message }));
});
process.on('disconnect', () => process.exit());

async function prepareAttack({ name, port, addresses }: Extract<AttackCommand, { type: 'prepare' }>): Promise<void> {
  const known = KNOWN_ATTACKS.find((each) => each.name === name);
  if (!known) throw new Error(`there is no attack "${name}"`);
  const stage: Stage = {
    from: (number) => ({ host: '127.0.0.1', port, localAddress: addresses[number % addresses.length] ?? '' }),
    count(what, times = 1) {
      counts[what] = (counts[what] ?? 0) + times;
    },
  };
  const attack = await known.prepare(stage);
  const victims = new Promise<readonly string[]>((resolve) => {
    process.on('message', (command: AttackCommand) => {
      if (command.type === 'start') resolve(command.victims);
    });
  });
  report({ type: 'prepared' });
  const found = await victims;
  const progress = setInterval(reportCounts, 500);
  await attack(found, stopping.signal);
  await stopped;
  clearInterval(progress);
  reportCounts();
  process.disconnect?.();
}
