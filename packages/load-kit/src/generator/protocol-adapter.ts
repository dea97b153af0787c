/** The user of a generated client. */
export interface ClientIdentity {
  /** 0, 1, 2 … across all generator processes. */
  readonly index: number;
  readonly userId: string;
  /** The room in which it sends and receives. */
  readonly room: string;
}

/** A message with its number in a stream. Numbers are 1, 2, 3 … without a gap, so loss, repeats and order can be checked. */
export interface NumberedMessage {
  readonly stream: string;
  readonly number: number;
  readonly text: string;
}

/** The reply to a sent message. */
export type SendOutcome =
  | { readonly kind: 'accepted'; readonly stream: string; readonly number: number }
  | { readonly kind: 'refused'; readonly code: string; readonly retryAfterMs: number | undefined };

/** An event and its payload. Every request is acked. */
export type Request = readonly [event: string, payload: object];

/** The events and payloads of a chat above Socket.IO. The generator knows nothing else about a server. */
export interface ProtocolAdapter {
  /** The Socket.IO handshake. */
  auth(identity: ClientIdentity): object;
  /** The requests after a connect, in order. A reply without `ok: true` ends the connection attempt. */
  setupRequests(identity: ClientIdentity): readonly Request[];
  /** @param count the sender's own message count: 1, 2, 3 … */
  send(identity: ClientIdentity, count: number, text: string): Request;
  outcomeOf(identity: ClientIdentity, count: number, reply: unknown): SendOutcome;
  /** Returns the messages of an event packet, or none for other events. */
  messagesOf(packet: readonly unknown[]): readonly NumberedMessage[];
  /** Returns the heads of streams in the reply to a setup request. Empty if missed messages cannot be fetched. */
  headsOf(reply: unknown): readonly { stream: string; head: number }[];
  /** Requests the messages after a number. */
  since?(stream: string, after: number): Request;
  /** Returns undefined when the request was refused and must be repeated. */
  pageOf?(reply: unknown): readonly NumberedMessage[] | undefined;
}
