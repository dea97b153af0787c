// A process of the generator: does what its parent says over IPC, and ends with it.

import { Crowd } from './client-pool.ts';
import type { Command, CommandEnvelope, Replies, ReplyEnvelope } from './commands.ts';
import { parleyDialect } from './parley-protocol.ts';
import { plainDialect } from './plain-protocol.ts';

let crowd: Crowd | undefined;

async function execute(command: Command): Promise<Replies[keyof Replies]> {
  if (command.kind === 'connect') {
    const { dialect } = command.crowd;
    crowd = new Crowd(command.crowd, dialect.kind === 'parley' ? parleyDialect(dialect.secret) : plainDialect);
    return void (await crowd.connect());
  }
  if (!crowd) throw new Error(`${command.kind} came before connect`);
  switch (command.kind) {
    case 'talk':
      return void crowd.talk(command.talk);
    case 'flood':
      return void crowd.flood(command.flood);
    case 'observe':
      return void crowd.observe(command.fromMs, command.toMs);
    case 'report':
      return crowd.report();
    case 'tally':
      return crowd.tally(command.heads);
  }
}

process.on('message', ({ id, command }: CommandEnvelope) => {
  const reply = (envelope: ReplyEnvelope) => process.send?.(envelope);
  execute(command).then(
    (value) => reply({ id, value }),
    (error: unknown) => reply({ id, error: (error as Error).stack ?? String(error) }),
  );
});
// A Ctrl-C on the terminal reaches the whole group; the parent decides.
process.on('SIGINT', () => undefined);
process.on('disconnect', () => process.exit());
