// A generator process. It executes the commands that its parent sends over IPC and exits with its parent.

import { ClientPool } from './client-pool.ts';
import type { Command, CommandEnvelope, Replies, ReplyEnvelope } from './commands.ts';
import { parleyAdapter } from './parley-adapter.ts';
import { plainAdapter } from './plain-adapter.ts';

let pool: ClientPool | undefined;

async function execute(command: Command): Promise<Replies[keyof Replies]> {
  if (command.kind === 'connect') {
    const { adapter } = command.pool;
    pool = new ClientPool(command.pool, adapter.kind === 'parley' ? parleyAdapter(adapter.secret) : plainAdapter);
    return void (await pool.connect());
  }
  if (!pool) throw new Error(`the command ${command.kind} needs connect first`);
  switch (command.kind) {
    case 'sendAtRate':
      return void pool.sendAtRate(command.load);
    case 'sendOnAck':
      return void pool.sendOnAck(command.load);
    case 'observe':
      return void pool.observe(command.fromMs, command.toMs);
    case 'report':
      return pool.report();
    case 'acks':
      return pool.acks();
    case 'tally':
      return pool.tally(command.heads);
  }
}

process.on('message', ({ id, command }: CommandEnvelope) => {
  const reply = (envelope: ReplyEnvelope) => process.send?.(envelope);
  execute(command).then(
    (value) => reply({ id, value }),
    (error: unknown) => reply({ id, error: (error as Error).stack ?? String(error) }),
  );
});
// Ctrl-C reaches the whole process group. The parent decides when to stop.
process.on('SIGINT', () => undefined);
process.on('disconnect', () => process.exit());
