// Preloaded into the command that the bootstrap runs. Sends SIGTERM to the command when the bootstrap has been killed, because
// nothing else would stop the command. The timer does not keep the process alive.
const parent = process.ppid;
setInterval(() => {
  if (process.ppid !== parent) process.kill(process.pid, 'SIGTERM');
}, 500).unref();
