import { DatabaseSync } from 'node:sqlite';

// Takes the write lock of the database at argv[2], says so, and lets go after argv[3] milliseconds.
const [path = '', holdMs = ''] = process.argv.slice(2);
const database = new DatabaseSync(path, { timeout: 5_000 });
database.exec('BEGIN IMMEDIATE');
process.stdout.write('locked\n');
setTimeout(() => database.exec('ROLLBACK'), Number(holdMs));
