export { judge } from './judge.ts';
export { describeJudgement, isKept, writeEvidence } from './report-judgement.ts';
export { BREACHES, type Judgement, type Verdict, type Violation } from './verdict.ts';
