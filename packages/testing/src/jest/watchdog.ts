// Ends what a test run left behind. The first line of its standard input names the directory of the run; the end of the input
// means that jest has ended, in whichever way: the kernel closes the pipe also after SIGKILL.
import { text } from 'node:stream/consumers';
import { cleanUp } from './test-run.ts';

await cleanUp((await text(process.stdin)).trim());
