import { expect, test } from '@jest/globals';
import { connect } from './connect.ts';

test.each([
  '',
  '?w=0&journal=false',
  '?w=1&wtimeoutMS=1',
  '?journal=false&readConcernLevel=local',
  '?readPreference=secondaryPreferred&maxStalenessSeconds=120',
  '?socketTimeoutMS=0&serverSelectionTimeoutMS=999999',
])('uses majority reads and writes and its deadlines, whatever the URL says: %s', async (query) => {
  const { client, database } = connect(`mongodb://127.0.0.1:1/parley${query}`, 1_234);
  for (const { readConcern, writeConcern, readPreference } of [database, database.collection('messages')]) {
    expect(readConcern).toMatchObject({ level: 'majority' });
    expect(writeConcern).toMatchObject({ w: 'majority', journal: true, wtimeoutMS: 4_500 });
    expect(readPreference?.mode).toBe('primary');
  }
  expect(client.options).toMatchObject({ socketTimeoutMS: 1_234, serverSelectionTimeoutMS: 1_234 });
  await client.close();
});

test.each([
  ['mongodb://host:27017/chat', 'chat'],
  ['mongodb://ada:p%2Fw@a:1,b:2,c:3/my%20chat?replicaSet=rs0', 'my chat'],
  ['mongodb+srv://cluster.example.org/chat?w=1', 'chat'],
  ['mongodb://host:27017', 'parley'],
  ['mongodb://host:27017/', 'parley'],
  ['mongodb://a:1,b:2/?replicaSet=rs0', 'parley'],
])('takes the database name from the URL, or uses "parley": %s is %s', async (url, name) => {
  const { client, database } = connect(url, 1_000);
  expect(database.databaseName).toBe(name);
  await client.close();
});
