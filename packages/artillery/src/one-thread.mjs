// Preloaded into Artillery: it shares the users among a thread for each core but the first, and every thread reads the same CSV
// from its first line, so that two users would come with one token. It is given two cores; who needs more starts more processes.
import os from 'node:os';

const cores = os.cpus().slice(0, 2);
os.cpus = () => cores;
