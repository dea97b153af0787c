// Preloaded into Artillery. Artillery distributes the users over one thread per core except the first. Every thread reads the
// CSV file from its first line, so two users would get the same token. With two reported cores it uses one thread. `processes`
// in a scenario starts more processes.
import os from 'node:os';

const cores = os.cpus().slice(0, 2);
os.cpus = () => cores;
