const OFFSET_MS = Number(process.hrtime.bigint()) / 1e6 - performance.now();

/** Returns the machine's monotonic time in milliseconds. It is the same in all processes of the machine. */
export const machineNowMs = (): number => performance.now() + OFFSET_MS;
