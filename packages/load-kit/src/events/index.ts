export type { EventRecord, RecordedEvent, RecordedFault, RecordedMessage } from './event-record.ts';
export { caughtUpAtMs, closedIn, deliveriesMs, isIn, outagesMs, type Period, refusalsIn } from './measure-events.ts';
export { hashOf, Recorder } from './recorder.ts';
