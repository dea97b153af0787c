export { judge } from './checker/judge.ts';
export type { Judgement, Verdict, Violation } from './checker/verdict.ts';
export type { History, HistoryEvent } from './history/history.ts';
