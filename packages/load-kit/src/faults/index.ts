export { clientLinkTarget, clusterProcessTarget, sqliteStoreTarget, supervisedProcessTarget } from './fault-targets.ts';
export { type FaultInjection, type FaultTarget, injectFaults } from './inject-faults.ts';
export { NetworkLink, type NetworkShape } from './network-link.ts';
export { type FaultKind, type PlannedFault, planFaults } from './plan-faults.ts';
