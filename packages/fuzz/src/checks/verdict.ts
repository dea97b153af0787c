/** The result of a run, as `--json` writes it. */
export interface Verdict {
  /** Frames, requests and tokens that were sent. */
  readonly inputs: number;
  /** Processes that ended. */
  readonly exits: number;
  /** Uncaught exceptions and unhandled rejections. */
  readonly unhandled: number;
  /** Replies with 5xx other than 503, and with `INTERNAL`. */
  readonly serverErrors: number;
  /** Data that reached a client that may not have it, and sessions or slots left behind. */
  readonly leaks: number;
  /** p99 of the healthy users' requests during the attack, divided by that before it. */
  readonly healthyP99Ratio: number;
  /** Growth of the resident memory of all processes, MiB. */
  readonly rssGrowthMb: number;
}

export const MAX_P99_RATIO = 2;
export const MAX_RSS_GROWTH_MB = 200;
/** A run of this length or longer must send `MIN_INPUTS_PER_SECOND`. */
export const FULL_RUN_SECONDS = 300;
const MIN_INPUTS_PER_SECOND = 100_000 / FULL_RUN_SECONDS;

interface Check {
  readonly name: string;
  readonly value: string;
  readonly bound: string;
  readonly ok: boolean;
}

/** Returns the checks of a verdict. A value that could not be measured (NaN) is out of bounds. */
export function checkVerdict(verdict: Verdict, seconds: number): Check[] {
  const zero = (name: string, value: number): Check => ({ name, value: String(value), bound: '0', ok: value === 0 });
  const { inputs, healthyP99Ratio, rssGrowthMb } = verdict;
  const minInputs = seconds >= FULL_RUN_SECONDS ? Math.floor(MIN_INPUTS_PER_SECOND * seconds) : 1;
  return [
    { name: 'inputs', value: String(inputs), bound: `≥ ${minInputs}`, ok: inputs >= minInputs },
    zero('processes that ended', verdict.exits),
    zero('unhandled errors', verdict.unhandled),
    zero('server errors', verdict.serverErrors),
    zero('leaks', verdict.leaks),
    {
      ...{ name: "healthy users' p99, × of before", value: healthyP99Ratio.toFixed(2), bound: `≤ ${MAX_P99_RATIO}` },
      ok: healthyP99Ratio <= MAX_P99_RATIO,
    },
    {
      ...{ name: 'growth of memory, MiB', value: rssGrowthMb.toFixed(0), bound: `≤ ${MAX_RSS_GROWTH_MB}` },
      ok: rssGrowthMb <= MAX_RSS_GROWTH_MB,
    },
  ];
}
