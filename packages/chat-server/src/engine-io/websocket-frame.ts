/** Lengths up to this fit into the header's second byte. */
const MAX_SHORT_BYTES = 125;
const MAX_MEDIUM_BYTES = 0xffff;

/** First byte of a frame that is one whole text message. */
const FINAL_TEXT = 0x81;

/** A text message as one unmasked WebSocket frame (RFC 6455, 5.2), header and payload in one piece: one write for a client. */
export function textFrame(text: string): Buffer {
  const bytes = Buffer.byteLength(text);
  const headerBytes = bytes <= MAX_SHORT_BYTES ? 2 : bytes <= MAX_MEDIUM_BYTES ? 4 : 10;
  const frame = Buffer.allocUnsafe(headerBytes + bytes);
  frame[0] = FINAL_TEXT;
  if (headerBytes === 2) {
    frame[1] = bytes;
  } else if (headerBytes === 4) {
    frame[1] = 126;
    frame.writeUInt16BE(bytes, 2);
  } else {
    frame[1] = 127;
    frame.writeBigUInt64BE(BigInt(bytes), 2);
  }
  frame.write(text, headerBytes);
  return frame;
}
