// Builds the web client if its sources have changed. `npm test` runs it before the tests.
import { buildWebClient } from '@parley/local-cluster';

await buildWebClient((line) => process.stderr.write(`parley: ${line}\n`));
