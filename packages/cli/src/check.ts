// `npm run check`: static checks of the sources and documents. Prints one line for each check.
import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { workspacePath } from '@parley/local-cluster';

interface Check {
  readonly name: string;
  /** The commands that must all succeed. */
  readonly commands: readonly (readonly string[])[];
  /** The reason why it cannot run on this machine; undefined if it can. */
  readonly skipped?: string | undefined;
  /** The output must match: a check that examined no files must not pass. */
  readonly proof?: RegExp;
}

const DEADLINE_MS = 180_000;
const NODE = process.execPath;
const TSC = workspacePath('node_modules/typescript/bin/tsc');

const ymlFiles = (directory: string) =>
  existsSync(workspacePath(directory))
    ? readdirSync(workspacePath(directory))
        .filter((file) => file.endsWith('.yml'))
        .map((file) => `${directory}/${file}`)
    : [];

const checks: Check[] = [
  {
    name: 'format and lint',
    commands: [[NODE, workspacePath('node_modules/@biomejs/biome/bin/biome'), 'check', '.']],
  },
  {
    name: 'types',
    commands: [
      [NODE, TSC, '-p', '.'],
      [NODE, TSC, '-p', 'packages/web-client'],
      [NODE, TSC, '-p', 'packages/examples'],
    ],
  },
  {
    name: 'import directions',
    commands: [
      [
        ...[NODE, workspacePath('node_modules/dependency-cruiser/bin/dependency-cruiser.mjs')],
        ...['--config', '.dependency-cruiser.cjs', '--output-type', 'err-long', 'packages'],
      ],
    ],
    proof: /[1-9]\d{2,} dependencies cruised/,
  },
  {
    name: 'no cycles between folders',
    commands: [[NODE, workspacePath('packages/cli/src/check-folders.ts')]],
    proof: /[1-9]\d{2,} source files examined/,
  },
  {
    name: 'spelling and wording',
    commands: [[NODE, workspacePath('packages/cli/src/wording/check-wording.ts')]],
    proof: /[1-9]\d* files checked/,
  },
  {
    name: 'generated documents are up to date',
    commands: [[NODE, workspacePath('packages/reference-docs/src/write-docs.ts'), '--check']],
  },
  {
    name: 'Prometheus configuration and rules',
    commands: [
      ['promtool', 'check', 'config', 'prometheus/prometheus.yml'],
      ...ymlFiles('prometheus/rules').map((file) => ['promtool', 'check', 'rules', file]),
      ...ymlFiles('prometheus/tests').map((file) => ['promtool', 'test', 'rules', file]),
    ],
    skipped: (await run(['promtool', '--version'])).ok ? undefined : "promtool is not installed (Debian's prometheus)",
  },
];

let failed = 0;
for (const check of checks) {
  if (check.skipped) {
    print(`skipped  ${check.name}: ${check.skipped}`);
    continue;
  }
  const startedAt = performance.now();
  const outputs: string[] = [];
  let ok = true;
  for (const command of check.commands) {
    const result = await run(command);
    const proven = !check.proof || check.proof.test(result.output);
    if (result.ok && proven) continue;
    ok = false;
    outputs.push(result.output.trimEnd());
    if (!proven) outputs.push(`the output does not match ${check.proof}`);
  }
  print(`${ok ? 'ok      ' : 'FAILED  '} ${check.name} (${((performance.now() - startedAt) / 1_000).toFixed(1)} s)`);
  if (!ok) print(outputs.join('\n'));
  if (!ok) failed += 1;
}
print(failed === 0 ? 'all checks passed' : `${failed} of ${checks.length} checks failed`);
process.exitCode = failed === 0 ? 0 : 1;

function run([program = '', ...args]: readonly string[]): Promise<{ ok: boolean; output: string }> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const child = spawn(program, args, {
      cwd: workspacePath('.'),
      stdio: ['ignore', 'pipe', 'pipe'],
      signal: AbortSignal.timeout(DEADLINE_MS),
    });
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.on('error', (error) => resolve({ ok: false, output: `${program}: ${error.message}` }));
    child.on('close', (code) => resolve({ ok: code === 0, output: Buffer.concat(chunks).toString() }));
  });
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
