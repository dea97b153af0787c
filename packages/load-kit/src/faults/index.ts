export { clientLinkTarget, clusterProcessTarget, sqliteStoreTarget, supervisedProcessTarget } from './fault-targets.ts';
export { type FaultInjection, type FaultTarget, injectFaults } from './inject-faults.ts';
export { NetworkLink, type NetworkShape } from './network-link.ts';
export { FAULT_KINDS, type FaultKind, type PlannedFault, planFaults } from './plan-faults.ts';
