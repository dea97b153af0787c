// The process that attacks: its work must not delay the measurements of the healthy users.
import { setTimeout as pause } from 'node:timers/promises';
import { generateInputs } from '../inputs/generate-inputs.ts';
import type { HostileInput } from '../inputs/hostile-input.ts';
import type { AttackCommand, AttackReport } from './attack.ts';
import { Attacker } from './attacker.ts';
import type { Endpoint } from './exchange.ts';
import { newAttackingGuest } from './guests.ts';
import { Pace } from './pace.ts';

/** An exit is noticed up to half a second after the input that caused it. */
const KEPT_INPUTS = 200;
const REPORT_INTERVAL_MS = 500;
/** A guest whose session ended must not be renewed more often, or the attack would be one on the sign-ups. */
const RENEWAL_PAUSE_MS = 2_000;

const stopping = new AbortController();
const recent: HostileInput[] = [];
const report = (message: AttackReport) => process.send?.(message);

process.on('message', (command: AttackCommand | 'stop' | 'recent') => {
  if (command === 'stop') stopping.abort();
  else if (command === 'recent') report({ type: 'recent', inputs: recent });
  else
    attack(command).then(
      () => process.disconnect?.(),
      (error: Error) => {
        report({ type: 'failed', reason: error.stack ?? error.message });
        process.disconnect?.();
      },
    );
});
process.on('disconnect', () => process.exit());

/** Signs up the guests, sends all cases, then generated inputs until `stop`. */
async function attack(command: AttackCommand): Promise<void> {
  const { secrets, shared, seed, inputsPerSecond, attackers, addresses } = command;
  const { signal } = stopping;
  const pace = new Pace(inputsPerSecond);
  const cases = [...command.cases];
  const newAttacker = async (number: number) => {
    const from = (endpoint: Endpoint) => ({ ...endpoint, localAddress: addresses[number % addresses.length] ?? '' });
    const publicEndpoint = from(command.publicEndpoint);
    return new Attacker(await newAttackingGuest(publicEndpoint, shared), {
      ...{ publicEndpoint, chatServers: command.chatServers.map(from), secrets, pace, signal },
      onFinding: (finding) => report({ type: 'finding', finding }),
      async renewGuest() {
        await pause(RENEWAL_PAUSE_MS);
        return newAttackingGuest(publicEndpoint, shared);
      },
    });
  };
  const run = async (attacker: Attacker, number: number) => {
    const generated = generateInputs(seed, number);
    while (!signal.aborted) {
      const input = cases.shift() ?? generated.next().value;
      recent.push(input);
      if (recent.length > KEPT_INPUTS) recent.shift();
      await attacker.send(input);
    }
  };
  const all = await Promise.all(Array.from({ length: attackers }, (_, number) => newAttacker(number)));
  report({ type: 'started' });
  const reportProgress = () => report({ type: 'progress', inputs: pace.taken, casesLeft: cases.length });
  const progress = setInterval(reportProgress, REPORT_INTERVAL_MS);
  await Promise.all(all.map(run));
  clearInterval(progress);
  reportProgress();
}
