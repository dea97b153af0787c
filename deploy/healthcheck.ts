/** The health check of a service container. Exit code 0: `/healthz` answered with 200. */
const response = await fetch(`http://127.0.0.1:${process.env.OPS_PORT}/healthz`, {
  signal: AbortSignal.timeout(2_500),
});
process.exitCode = response.ok ? 0 : 1;
