import type { Frame } from '../inputs/hostile-input.ts';

const TEXT = 1;

/** Encodes a frame as its fields demand, also where RFC 6455 forbids it. The masking key is zero. */
export function encodeHostileFrame(
  { opcode = TEXT, isFragment, reserved = 0, isUnmasked, claims }: Frame,
  payload: Buffer,
): Buffer {
  const first = (isFragment ? 0 : 0x80) | (reserved << 4) | opcode;
  const mask = isUnmasked ? 0 : 0x80;
  const size = claims ?? payload.length;
  const key = isUnmasked ? [] : [Buffer.alloc(4)];
  if (size < 126) return Buffer.concat([Buffer.from([first, mask | size]), ...key, payload]);
  const length = Buffer.alloc(size < 65_536 ? 2 : 8);
  if (length.length === 2) length.writeUInt16BE(size);
  else length.writeBigUInt64BE(BigInt(size));
  return Buffer.concat([Buffer.from([first, mask | (length.length === 2 ? 126 : 127)]), length, ...key, payload]);
}
