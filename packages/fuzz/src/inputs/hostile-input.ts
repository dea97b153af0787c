/**
 * Bytes of an input, so that it can be written as JSON: in a string one character is one byte. `{{name}}` is a placeholder
 * (`placeholders.ts`), and a value that repeats a string stands for a large payload.
 */
export type Bytes = string | { readonly repeat: string; readonly times: number };

interface Target {
  /** Goes to a chat server's own port instead of the public address: nginx does not correct or refuse it. */
  readonly direct?: boolean;
  /** Texts that no reply to this input may contain: what it would get if it worked. */
  readonly forbidden?: readonly string[];
}

/** Bytes on a TCP connection: REST, tokens, malformed HTTP. */
export interface RequestInput extends Target {
  readonly kind: 'request';
  /** Request line and headers, without the empty line that ends them. */
  readonly head: Bytes;
  readonly body?: Bytes;
  /** Without it, a `Content-Length` that fits the body and `Connection: close` are added to the head. */
  readonly isComplete?: boolean;
}

/** A WebSocket frame. All fields but the payload default to those of a valid text frame. */
export interface Frame {
  readonly payload: Bytes;
  readonly opcode?: number;
  readonly isFragment?: boolean;
  /** RSV1, RSV2 and RSV3 as a number from 0 to 7. */
  readonly reserved?: number;
  readonly isUnmasked?: boolean;
  /** The length in the header, if it is not that of the payload. */
  readonly claims?: number;
  /** Sends the frame so many times. */
  readonly times?: number;
}

/** Frames on a WebSocket. */
export interface WebSocketInput extends Target {
  readonly kind: 'websocket';
  /** Default: `EIO=4&transport=websocket` */
  readonly query?: string;
  readonly headers?: readonly string[];
  /** The payload of the CONNECT packet that is sent first; `guest` is a valid one. Without it, no CONNECT packet is sent. */
  readonly connect?: Bytes | 'guest';
  /** Opens a polling session first and upgrades it; its id is the placeholder `sid`. */
  readonly upgradesPolling?: boolean;
  /** Sends the frames together with the upgrade request, before the server has answered. */
  readonly isEager?: boolean;
  /** Resets the connection after the last frame. Otherwise waits until the server has handled all, or has closed. */
  readonly resets?: boolean;
  readonly frames: readonly Frame[];
}

export interface PollingPost {
  readonly body: Bytes;
  readonly method?: string;
  readonly contentType?: string;
  /** Replaces the query of the session. */
  readonly query?: string;
}

/** Requests of a long-polling session, whose id is the placeholder `sid`. */
export interface PollingInput extends Target {
  readonly kind: 'polling';
  readonly connect?: Bytes | 'guest';
  readonly posts: readonly PollingPost[];
  /** Leaves the session open for the server's timeouts. */
  readonly isAbandoned?: boolean;
}

export type HostileInput = RequestInput | WebSocketInput | PollingInput;

/** A named input that is sent in every run. */
export interface HostileCase {
  readonly id: string;
  /** The effect on a vulnerable server. */
  readonly title: string;
  readonly inputs: readonly HostileInput[];
}

/** Encodes a text as the bytes of its UTF-8. */
export const utf8 = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');
