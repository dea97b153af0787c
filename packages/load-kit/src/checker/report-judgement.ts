import { createWriteStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { EventRecord } from '../events/event-record.ts';
import { explainViolation } from './explain-violation.ts';
import { BREACHES, type Breach, type Judgement, type Verdict } from './verdict.ts';

/** Stories of this many violations of each kind are printed, of more in the folder, which names them all. */
const PRINTED = 3;
const WRITTEN = 25;
const MAX_PRINTED_LINES = 60;

export const isKept = (verdict: Verdict): boolean =>
  verdict.acked > 0 && BREACHES.every((breach) => verdict[breach] === 0);

/** The verdict as a table, and the explanations of what was broken. */
export function describeJudgement(record: EventRecord, judgement: Judgement): string[] {
  const { verdict } = judgement;
  const rows = Object.entries(verdict).map(([name, value]) => {
    const isBroken = BREACHES.some((breach) => breach === name) && value > 0;
    return `  ${name.padEnd(18)} ${String(value).padStart(8)}${isBroken ? '  BROKEN' : ''}`;
  });
  const explanations = BREACHES.flatMap((breach) => {
    const broken = ofKind(judgement, breach);
    const more = broken.length > PRINTED ? [`… and ${broken.length - PRINTED} more of ${breach}`] : [];
    return [
      ...broken.slice(0, PRINTED).flatMap((violation) => {
        const explanation = explainViolation(record, violation);
        const cut =
          explanation.length > MAX_PRINTED_LINES
            ? [`          … ${explanation.length - MAX_PRINTED_LINES} more lines`]
            : [];
        return ['', `${breach}: ${violation.text}`, ...explanation.slice(0, MAX_PRINTED_LINES), ...cut];
      }),
      ...more,
    ];
  });
  const nothing = verdict.acked === 0 ? ['nothing was acked: the run shows nothing'] : [];
  return ['verdict', ...rows, ...nothing, ...explanations];
}

const ofKind = ({ violations }: Judgement, breach: Breach) =>
  violations.filter((violation) => violation.breach === breach);

/** Writes `event-record.json`, one event a line, and `violations.txt` into the folder. */
export async function writeEvidence(directory: string, record: EventRecord, judgement: Judgement): Promise<void> {
  await pipeline(Readable.from(recordLines(record)), createWriteStream(join(directory, 'event-record.json')));
  const aboutViolation = new Set(BREACHES.flatMap((breach) => ofKind(judgement, breach).slice(0, WRITTEN)));
  const explanations = judgement.violations.flatMap((violation) => [
    `${violation.breach}: ${violation.text}`,
    ...(aboutViolation.has(violation) ? [...explainViolation(record, violation), ''] : []),
  ]);
  await writeFile(join(directory, 'violations.txt'), `${explanations.join('\n')}\n`);
}

function* recordLines({ events, stored, pages, ...rest }: EventRecord): Generator<string> {
  yield `${JSON.stringify(rest).slice(0, -1)},\n`;
  for (const [name, list, end] of [
    ['events', events, ','],
    ['stored', stored, ','],
    ['pages', pages, '}'],
  ] as const) {
    yield `"${name}":[\n`;
    for (const [index, item] of list.entries()) yield `${JSON.stringify(item)}${index < list.length - 1 ? ',' : ''}\n`;
    yield `]${end}\n`;
  }
}
