export { judge } from './judge.ts';
export { describeJudgement, hasNoViolation, writeEvidence } from './report-judgement.ts';
export { type Judgement, type Verdict, VIOLATION_KINDS, type Violation } from './verdict.ts';
