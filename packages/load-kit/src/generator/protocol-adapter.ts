/** Who a generated client is. */
export interface ClientIdentity {
  /** 0, 1, 2 … over all processes of the generator. */
  readonly index: number;
  readonly userId: string;
  /** Where it writes, and what it reads. */
  readonly room: string;
}

/** A numbered message of a stream in which numbers are 1, 2, 3 … without a gap: what shows loss, repeats and order. */
export interface NumberedMessage {
  readonly stream: string;
  readonly number: number;
  readonly text: string;
}

/** What the reply to a message says. */
export type SendOutcome =
  | { readonly kind: 'accepted'; readonly stream: string; readonly number: number }
  | { readonly kind: 'refused'; readonly code: string; readonly retryAfterMs: number | undefined };

/** An event and its payload; every request is acked. */
export type Request = readonly [event: string, payload: object];

/** How a chat speaks above Socket.IO: all that the generator knows of a server. */
export interface ProtocolAdapter {
  /** The Socket.IO handshake. */
  auth(identity: ClientIdentity): object;
  /** What a client says, one after the other, once it is connected; a reply without `ok: true` ends the attempt. */
  setupRequests(identity: ClientIdentity): readonly Request[];
  /** @param count the sender's own 1, 2, 3 … */
  send(identity: ClientIdentity, count: number, text: string): Request;
  outcomeOf(identity: ClientIdentity, count: number, reply: unknown): SendOutcome;
  /** The messages of an event packet; none for other events. */
  messagesOf(packet: readonly unknown[]): readonly NumberedMessage[];
  /** How far streams are, by the reply to a setupRequest, for clients that come back; none where nothing can be fetched. */
  headsOf(reply: unknown): readonly { stream: string; head: number }[];
  /** Asks for what comes after a number. */
  since?(stream: string, after: number): Request;
  /** undefined = refused: to be asked again. */
  pageOf?(reply: unknown): readonly NumberedMessage[] | undefined;
}
