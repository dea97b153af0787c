// `npm run attacks`
import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type Command, formatTable, runCommand } from '@parley/load-kit/command';
import { measureAttack } from './measure-attack.ts';
import { type AttackOptions, readOptions, USAGE } from './options.ts';
import { type Row, toRow, toTable } from './verdict.ts';

await runCommand('attacks', async (command) => {
  const options = readOptions(process.argv.slice(2));
  if (options) return run(options, command);
  command.print(USAGE);
  return 0;
});

async function run(
  { attacks, jsonFile, checkout, ...options }: AttackOptions,
  { print, report, signal }: Command,
): Promise<number> {
  const rows: Row[] = [];
  for (const attack of attacks) {
    report(`${attack.name}: ${attack.summary}`);
    const row = toRow(
      await measureAttack(attack, {
        ...options,
        signal,
        checkout: checkout === undefined ? undefined : resolve(checkout),
      }),
    );
    rows.push(row);
    for (const line of describe(row)) report(`  ${line}`);
    if (jsonFile)
      await writeFile(jsonFile, `${JSON.stringify({ defaults: options.defaults, attacks: rows }, null, 2)}\n`);
  }
  for (const line of formatTable(toTable(rows))) print(line);
  const violated = rows.filter(({ violations }) => violations.length > 0);
  for (const { attack, violations } of violated) print(`${attack}: ${violations.join('; ')}`);
  return violated.length > 0 && checkout === undefined ? 1 : 0;
}

function describe({ sent, refusals, p99Ms, violations }: Row): string[] {
  return [
    `sent: ${list(sent)}`,
    `p99 of all requests: ${p99Ms.all.before} ms before, ${p99Ms.all.during} ms during the attack`,
    ...(Object.keys(refusals).length > 0 ? [`refused: ${list(refusals)}`] : []),
    violations.length > 0 ? `OUT OF BOUNDS: ${violations.join('; ')}` : 'within bounds',
  ];
}

function list(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([what, count]) => `${count} ${what}`)
    .join(', ');
}
