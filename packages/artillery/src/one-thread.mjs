// Preloaded into Artillery. Artillery shares the users among one thread per core except the first, and every thread reads the CSV
// file from its first line, so that two users would get the same token. With two reported cores it uses one thread. `processes`
// in a scenario starts more processes.
import os from 'node:os';

const cores = os.cpus().slice(0, 2);
os.cpus = () => cores;
