export { ClientLink } from './client-link.ts';
export { clientLinkTarget, clusterProcessTarget, supervisedProcessTarget, signalGroup, sqliteStoreTarget } from './fault-targets.ts';
export { type FaultTarget, injectFaults, type FaultInjection } from './inject-faults.ts';
export { type FaultKind, type PlannedFault, planFaults } from './plan-faults.ts';
