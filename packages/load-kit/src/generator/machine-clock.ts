const OFFSET_MS = Number(process.hrtime.bigint()) / 1e6 - performance.now();

/** Milliseconds of the machine's monotonic clock: the same in every process of it, so that one may stamp what another reads. */
export const machineNowMs = (): number => performance.now() + OFFSET_MS;
