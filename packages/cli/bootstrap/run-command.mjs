import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { lineage } from './lineage.mjs';

const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP'];
const ORPHAN_CHECK_MS = 500;

/**
 * Runs a program with the standard streams of this process until it exits. Forwards signals to it. Under npm it also gets SIGTERM
 * when a parent of this process has ended: npm sends its signals to a shell, which ends without forwarding them.
 *
 * @returns its exit code, or 128 + n if signal n ended it
 */
export function runCommand(program, args, env = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: 'inherit', env: { ...process.env, ...env } });
    const forward = (signal) => child.kill(signal);
    for (const signal of FORWARDED) process.on(signal, forward);

    const underNpm = process.env.npm_lifecycle_event !== undefined;
    const started = lineage();
    const orphanCheck = setInterval(() => {
      if (underNpm && lineage() !== started) child.kill('SIGTERM');
    }, ORPHAN_CHECK_MS);

    const settle = () => {
      clearInterval(orphanCheck);
      for (const signal of FORWARDED) process.off(signal, forward);
    };
    child.once('error', (error) => {
      settle();
      reject(error);
    });
    child.once('exit', (code, signal) => {
      settle();
      resolve(code ?? 128 + (constants.signals[signal] ?? 0));
    });
  });
}
