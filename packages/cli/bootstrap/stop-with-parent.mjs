// Preloaded into the command that the bootstrap runs: when the bootstrap dies without a word (SIGKILL), the command is
// told to stop as if by SIGTERM, instead of running on unattended. The timer never keeps the process alive.
const parent = process.ppid;
setInterval(() => {
  if (process.ppid !== parent) process.kill(process.pid, 'SIGTERM');
}, 500).unref();
