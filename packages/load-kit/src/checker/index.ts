export { judge } from './judge.ts';
export type { KindRecovery } from './recovery.ts';
export { describeJudgement, hasNoViolation, writeEvidence } from './report-judgement.ts';
export { type ClientVerdict, type Judgement, type Verdict, VIOLATION_KINDS, type Violation } from './verdict.ts';
