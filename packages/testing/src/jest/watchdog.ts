// Ends the processes that a test run left behind. The first line of its standard input names the directory of the run. End of
// input means that jest has ended: the kernel closes the pipe even if jest was killed.
import { text } from 'node:stream/consumers';
import { cleanUp } from './test-run.ts';

await cleanUp((await text(process.stdin)).trim());
