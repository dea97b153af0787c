import { carryOut } from '../faults/carry-out.ts';
import { planFaults } from '../faults/plan-faults.ts';
import { USUAL_CROWD } from '../load/crowd.ts';
import type { Trial } from './trial.ts';

/** Whatever can fail does, at random; nothing is measured but the promises. */
export const randomFaults = (faults: number, seconds: number): Trial => ({
  shows: `${faults} faults in ${seconds} s`,
  crowd: USUAL_CROWD,
  async trouble({ bed, recorder, seed, report, signal }) {
    const plan = planFaults({ seed, faults, seconds, targets: bed.breakables });
    const run = carryOut(plan, bed.breakables, { recorder, report });
    const stopRun = () => void run.stop();
    signal.addEventListener('abort', stopRun, { once: true });
    await run.finished;
    signal.removeEventListener('abort', stopRun);
    return () => [];
  },
});
