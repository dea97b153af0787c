/** Ends with 0 when the process in this container says that it lives. */
const response = await fetch(`http://127.0.0.1:${process.env.OPS_PORT}/healthz`, {
  signal: AbortSignal.timeout(2_500),
});
process.exitCode = response.ok ? 0 : 1;
