import { DEFAULT_CLIENT_MIX } from '@parley/load-kit/clients';
import { injectFaults, planFaults } from '@parley/load-kit/faults';
import type { Experiment } from './experiment.ts';

/** Injects random faults into all targets. Measures nothing besides the checker's verdict. */
export const randomFaults = (faults: number, seconds: number): Experiment => ({
  summary: `${faults} faults in ${seconds} s`,
  clientMix: DEFAULT_CLIENT_MIX,
  async run({ bed, recorder, seed, report, signal }) {
    const plan = planFaults({ seed, faults, seconds, targets: bed.faultTargets });
    const run = injectFaults(plan, bed.faultTargets, { recorder, report });
    const stopRun = () => void run.stop();
    signal.addEventListener('abort', stopRun, { once: true });
    await run.finished;
    signal.removeEventListener('abort', stopRun);
    return () => [];
  },
});
