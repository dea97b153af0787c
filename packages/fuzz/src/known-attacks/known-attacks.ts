import { connects, connectsOfEight, engineSessions, webSocketConnects } from './attackers/before-admission.ts';
import { pollingHello, sender, since, typing } from './attackers/events.ts';
import { groups, guests, listConversations, logIns, searches } from './attackers/rest.ts';
import { idleGuests, strangers } from './attackers/slots.ts';
import type { KnownAttack } from './known-attack.ts';

/** All attacks, in the order in which they run. */
export const KNOWN_ATTACKS: readonly KnownAttack[] = [
  connects,
  connectsOfEight,
  webSocketConnects,
  pollingHello,
  logIns,
  since,
  groups,
  listConversations,
  engineSessions,
  guests,
  typing,
  searches,
  sender,
  idleGuests,
  strangers,
];
