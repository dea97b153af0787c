export { ClientLink } from './client-link.ts';
export { clientLinks, processOf, restartedProcess, signalGroup, sqliteStore } from './fault-targets.ts';
export { type Breakable, carryOut, type FaultRun } from './inject-faults.ts';
export { type FaultKind, type PlannedFault, planFaults } from './plan-faults.ts';
