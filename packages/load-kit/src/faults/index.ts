export { ClientLink } from './client-link.ts';
export {
  clientLinkTarget,
  clusterProcessTarget,
  signalGroup,
  sqliteStoreTarget,
  supervisedProcessTarget,
} from './fault-targets.ts';
export { type FaultInjection, type FaultTarget, injectFaults } from './inject-faults.ts';
export { type FaultKind, type PlannedFault, planFaults } from './plan-faults.ts';
