import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Verdict } from '@parley/load-kit/checker';
import type { Summary } from './summarise.ts';

/** The results of a run. */
export interface RunReport extends Summary {
  readonly name: string;
  readonly question: string;
  /** ISO 8601. */
  readonly madeAt: string;
  /** URL of the tested cluster. `own` = a cluster that was started for the run. */
  readonly target: string;
  readonly users: number;
  readonly checks: readonly Check[];
  /** With `--chaos`: the killed processes, with the seconds since the first sample. */
  readonly faults: readonly { readonly second: number; readonly text: string }[];
  readonly verdict: Verdict | undefined;
}

export interface Check {
  readonly text: string;
  readonly ok: boolean;
}

/** Git ignores the default directory. */
export const reportsDirectory = () => join(process.env.DATA_DIR ?? '.data', 'artillery');

const pathOf = ({ name, madeAt }: RunReport, ending: 'json' | 'html') =>
  join(reportsDirectory(), `${name}-${madeAt.replace(/[:.]/g, '-')}.${ending}`);

/** Returns the latest report of a scenario, or undefined. */
export function readLastReport(name: string): RunReport | undefined {
  const isOne = new RegExp(`^${name}-\\d{4}-[\\dTZ-]+\\.json$`);
  try {
    const newest = readdirSync(reportsDirectory())
      .filter((file) => isOne.test(file))
      .sort()
      .at(-1);
    if (newest === undefined) return undefined;
    return JSON.parse(readFileSync(join(reportsDirectory(), newest), 'utf8')) as RunReport;
  } catch {
    return undefined; // no earlier run, or an incomplete file
  }
}

/** Writes the report as JSON and HTML. @returns the paths */
export function writeReport(report: RunReport, html: string): { jsonFile: string; htmlFile: string } {
  mkdirSync(reportsDirectory(), { recursive: true });
  const [jsonFile, htmlFile] = [pathOf(report, 'json'), pathOf(report, 'html')];
  writeFileSync(jsonFile, `${JSON.stringify(report, null, 1)}\n`);
  writeFileSync(htmlFile, html);
  return { jsonFile, htmlFile };
}
