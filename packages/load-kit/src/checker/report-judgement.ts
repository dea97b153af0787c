import { createWriteStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { formatTable } from '../command/format-table.ts';
import type { EventRecord } from '../events/event-record.ts';
import { explainViolation } from './explain-violation.ts';
import { type Judgement, type Verdict, VIOLATION_KINDS, type ViolationKind } from './verdict.ts';

/** For each kind, this many violations are printed with their events. The file explains more of them and lists all. */
const PRINTED = 3;
const WRITTEN = 25;
const MAX_PRINTED_LINES = 60;

export const hasNoViolation = (verdict: Verdict): boolean =>
  verdict.acked > 0 && VIOLATION_KINDS.every((kind) => verdict[kind] === 0);

/** Formats the verdict and the recoveries as tables, followed by explanations of the violations. */
export function describeJudgement(record: EventRecord, judgement: Judgement): string[] {
  const { verdict, clients, recoveries } = judgement;
  const rows = Object.entries(verdict).map(([name, value]) => {
    const isViolated = VIOLATION_KINDS.some((kind) => kind === name) && value > 0;
    return `  ${name.padEnd(18)} ${String(value).padStart(8)}${isViolated ? '  VIOLATED' : ''}`;
  });
  const explanations = VIOLATION_KINDS.flatMap((kind) => {
    const ofThisKind = ofKind(judgement, kind);
    const more = ofThisKind.length > PRINTED ? [`… and ${ofThisKind.length - PRINTED} more of ${kind}`] : [];
    return [
      ...ofThisKind.slice(0, PRINTED).flatMap((violation) => {
        const explanation = explainViolation(record, violation);
        const cut =
          explanation.length > MAX_PRINTED_LINES
            ? [`          … ${explanation.length - MAX_PRINTED_LINES} more lines`]
            : [];
        return ['', `${kind}: ${violation.text}`, ...explanation.slice(0, MAX_PRINTED_LINES), ...cut];
      }),
      ...more,
    ];
  });
  const warning = verdict.acked === 0 ? ['no message was acked: the run proves nothing'] : [];
  const byClients = formatTable([
    ['  of clients', 'acked', 'lost', 'lost by Redis', 'shown twice', 'out of order'],
    ...Object.entries(clients).map(([kind, { acked, lost, lostByRedis, duplicated, reordered }]) =>
      [`  ${kind}`, acked, lost, lostByRedis, duplicated, reordered].map(String),
    ),
  ]);
  const byKind = formatTable([
    ['  recovery from', 'faults', 'longest, ms'],
    ...recoveries.map(({ kind, faults, longestMs }) => [`  ${kind}`, String(faults), String(longestMs)]),
  ]);
  return ['verdict', ...rows, ...byClients, ...(recoveries.length > 0 ? byKind : []), ...warning, ...explanations];
}

const ofKind = ({ violations }: Judgement, kind: ViolationKind) =>
  violations.filter((violation) => violation.kind === kind);

/** Writes `event-record.json`, one event per line, and `violations.txt` into the directory. */
export async function writeEvidence(directory: string, record: EventRecord, judgement: Judgement): Promise<void> {
  await pipeline(Readable.from(recordLines(record)), createWriteStream(join(directory, 'event-record.json')));
  const explained = new Set(VIOLATION_KINDS.flatMap((kind) => ofKind(judgement, kind).slice(0, WRITTEN)));
  const explanations = judgement.violations.flatMap((violation) => [
    `${violation.kind}: ${violation.text}`,
    ...(explained.has(violation) ? [...explainViolation(record, violation), ''] : []),
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
