import { DatabaseSync } from 'node:sqlite';

// Takes the write lock of the database at argv[2], prints "locked", and releases the lock and ends on SIGTERM.
const [path = ''] = process.argv.slice(2);
const database = new DatabaseSync(path, { timeout: 30_000 });
database.exec('BEGIN IMMEDIATE');
const keepAlive = setInterval(() => undefined, 1_000);
process.once('SIGTERM', () => {
  database.exec('ROLLBACK');
  clearInterval(keepAlive);
});
process.stdout.write('locked\n');
