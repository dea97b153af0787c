// Builds the web client if it is out of date: the step before the tests.
import { buildWebClient } from '@parley/local-cluster';

await buildWebClient((line) => process.stderr.write(`parley: ${line}\n`));
