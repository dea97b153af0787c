import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { atFileEnd } from './at-file-end.ts';
import { eventually } from './eventually.ts';
import { freePort } from './free-port.ts';
import { newTemporaryDirectory } from './temporary-directory.ts';

export interface TestServer {
  readonly port: number;
  /** A directory of its own, initially empty. */
  readonly directory: string;
  readonly process: ChildProcess;
}

/** Starts a program on a free port and waits until it answers. It is killed when the test file ends. */
export async function startServer(options: {
  command: string;
  args: (server: { port: number; directory: string }) => readonly string[];
  /** Added to the environment of the test. */
  env?: NodeJS.ProcessEnv | undefined;
  /** Rejects while the server does not answer yet. */
  ping: (port: number) => Promise<unknown>;
  startTimeoutMs?: number;
}): Promise<TestServer> {
  const directory = await newTemporaryDirectory();
  const port = await freePort();
  const child = spawn(options.command, options.args({ port, directory }), {
    stdio: 'ignore',
    env: { ...process.env, ...options.env },
  });
  const exited = once(child, 'exit');
  atFileEnd(async () => {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await exited;
  });
  await Promise.race([
    eventually(() => options.ping(port), options.startTimeoutMs),
    exited.then(([code]) => Promise.reject(new Error(`${options.command} ended with ${code}`))),
  ]);
  return { port, directory, process: child };
}
