import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { lineage } from './lineage.mjs';

const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP'];
const ORPHAN_CHECK_MS = 500;

/**
 * Runs a program on this terminal to its end; signals go to it, it decides when to leave. Under npm, a parent that
 * is gone means the same as SIGTERM: npm sends that to a shell, which dies of it and tells nobody.
 *
 * @returns its exit code, 128 + n when signal n ended it
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
