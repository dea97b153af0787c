import type { HostileInput } from '../inputs/hostile-input.ts';

/** Something that a reply showed and that must not happen. */
export interface Finding {
  readonly kind: 'server-error' | 'leak';
  /** A description of the reply, for people. */
  readonly what: string;
  readonly input: HostileInput;
}

/** Texts that belong to others: no attacker may ever receive one of them. */
export type Secrets = Readonly<Record<string, string>>;

const STATUS = /(?:^|\n)HTTP\/1\.[01] (5\d\d)[ \r]/g;
const INTERNAL = '"code":"INTERNAL"';
const MAX_EXCERPT = 200;

/** Returns what the reply to an input shows. An outage is 503 or `UNAVAILABLE`; every other fault of the server is a finding. */
export function findingsIn(reply: Buffer, input: HostileInput, secrets: Secrets): Finding[] {
  const text = reply.toString('latin1');
  const findings: Finding[] = [];
  for (const [, status] of text.matchAll(STATUS)) {
    if (status !== '503') findings.push({ kind: 'server-error', what: `status ${status}: ${excerpt(text)}`, input });
  }
  const at = text.indexOf(INTERNAL);
  if (at >= 0)
    findings.push({ kind: 'server-error', what: `INTERNAL: ${excerpt(text.slice(Math.max(0, at - 80)))}`, input });
  for (const [name, secret] of Object.entries(secrets)) {
    if (text.includes(secret)) findings.push({ kind: 'leak', what: `received ${name}: ${excerpt(text)}`, input });
  }
  for (const forbidden of input.forbidden ?? []) {
    if (text.includes(forbidden))
      findings.push({ kind: 'leak', what: `received "${forbidden}": ${excerpt(text)}`, input });
  }
  return findings;
}

const excerpt = (text: string) => JSON.stringify(text.slice(0, MAX_EXCERPT));
