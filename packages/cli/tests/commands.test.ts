import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';

interface CommandEntry {
  summary: string;
  usage?: string;
  takesNoArguments?: boolean;
  scripts(args: string[]): string[][];
}

const root = join(import.meta.dirname, '../../..');
const { COMMANDS } = (await import(join(root, 'packages/cli/bootstrap/commands.mjs'))) as {
  COMMANDS: Record<string, CommandEntry>;
};

function runBootstrap(...args: string[]): Promise<{ exitCode: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [join(root, 'packages/cli/bootstrap.mjs'), ...args], (error, stdout, stderr) =>
      resolve({ exitCode: typeof error?.code === 'number' ? error.code : 0, stdout, stderr }),
    );
  });
}

test('each command has an npm script of the same name, and each npm script is a command', () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: object };
  const expected = Object.keys(COMMANDS).map((name) => [name, `exec node packages/cli/bootstrap.mjs ${name}`]);
  expect(scripts).toEqual(Object.fromEntries(expected));
});

test('the scripts of each command exist, and get its arguments if it takes any', () => {
  for (const { scripts, takesNoArguments = false } of Object.values(COMMANDS)) {
    const runs = scripts(['--argument']);
    expect(runs.at(-1)?.includes('--argument')).toBe(!takesNoArguments);
    expect(runs.map(([script]) => script).filter((script) => !existsSync(join(root, script ?? '')))).toEqual([]);
  }
});

test('--help lists all commands, and after a command it prints the usage of that command', async () => {
  const { exitCode, stdout } = await runBootstrap('--help');
  expect(exitCode).toBe(0);
  for (const { summary } of Object.values(COMMANDS)) expect(stdout).toContain(summary);
  const check = await runBootstrap('check', '--help');
  expect(check).toEqual({ exitCode: 0, stdout: `${COMMANDS.check?.usage}\n`, stderr: '' });
  expect((await runBootstrap('dev', '--help')).stdout).toMatch(/^usage: npm run dev\n/);
});

test('an unknown command is refused with the list of commands', async () => {
  const { exitCode, stderr } = await runBootstrap('unknown');
  expect(exitCode).toBe(2);
  expect(stderr).toMatch(/^parley: unknown command "unknown"\nusage: /);
});
