import { expect, test } from '@jest/globals';
import { findingsIn } from '../src/attack/findings.ts';
import { encodeHostileFrame } from '../src/attack/hostile-frames.ts';
import { checkVerdict } from '../src/checks/verdict.ts';
import { describeUncheckedPacket } from '../src/healthy/received-packets.ts';
import type { HostileInput } from '../src/inputs/hostile-input.ts';

const input: HostileInput = { kind: 'request', head: 'GET / HTTP/1.1', forbidden: ['HTTP/1.1 200'] };
const secrets = { 'a private text': 'very-secret' };
const found = (reply: string) => findingsIn(Buffer.from(reply), input, secrets).map(({ kind }) => kind);

test('a reply is a finding if it has 5xx other than 503, INTERNAL, a secret, or what the input must not get', () => {
  expect(found('HTTP/1.1 500 Internal Server Error\r\n\r\n')).toEqual(['server-error']);
  expect(found('HTTP/1.1 404 Not Found\r\n\r\nHTTP/1.1 502 Bad Gateway\r\n')).toEqual(['server-error']);
  expect(found('431[{"ok":false,"code":"INTERNAL"}]')).toEqual(['server-error']);
  expect(found('HTTP/1.1 403 Forbidden\r\n\r\nvery-secret')).toEqual(['leak']);
  expect(found('HTTP/1.1 200 OK\r\n\r\n')).toEqual(['leak']);
  expect(found('HTTP/1.1 503 Service Unavailable\r\n\r\n{"code":"UNAVAILABLE"}')).toEqual([]);
  expect(found('HTTP/1.1 400 Bad Request\r\n\r\n')).toEqual([]);
});

test('an event of a server is unchecked if it is unknown, or has a value or a field that its schema does not have', () => {
  const packet = { conversationId: 'lobby', seq: 3, epoch: 'e' };
  expect(describeUncheckedPacket('stored', [packet])).toBeUndefined();
  expect(describeUncheckedPacket('stored', [{ ...packet, seq: 0 }])).toMatch(/^seq: /);
  expect(describeUncheckedPacket('stored', [{ ...packet, more: 1 }])).toMatch(/not documented/);
  expect(describeUncheckedPacket('stored', [packet, packet])).toMatch(/2 arguments/);
  expect(describeUncheckedPacket('toString', [packet])).toMatch(/no server sends/);
});

test('frames have the flags, the opcode and the length that the input demands', () => {
  const payload = Buffer.from('ab');
  expect([...encodeHostileFrame({ payload: '' }, payload)]).toEqual([0x81, 0x82, 0, 0, 0, 0, 0x61, 0x62]);
  const broken = { payload: '', opcode: 9, isFragment: true, reserved: 2, isUnmasked: true };
  expect([...encodeHostileFrame(broken, payload)]).toEqual([0x29, 2, 0x61, 0x62]);
  expect([...encodeHostileFrame({ payload: '', claims: 2 ** 40 }, payload)].slice(0, 10)).toEqual([
    ...[0x81, 0xff, 0, 0, 1, 0, 0, 0, 0, 0],
  ]);
});

test('a verdict holds within its bounds, and a value that could not be measured does not', () => {
  const clean = {
    inputs: 100_000,
    exits: 0,
    unhandled: 0,
    serverErrors: 0,
    leaks: 0,
    healthyP99Ratio: 2,
    rssGrowthMb: 200,
  };
  const fails = (changed: Partial<typeof clean>, seconds = 300) =>
    checkVerdict({ ...clean, ...changed }, seconds).filter(({ ok }) => !ok).length;
  expect(fails({})).toBe(0);
  expect(fails({ inputs: 99_999 })).toBe(1);
  expect(fails({ inputs: 5_000 }, 20)).toBe(0);
  expect(fails({ exits: 1, unhandled: 1, serverErrors: 1, leaks: 1 })).toBe(4);
  expect(fails({ healthyP99Ratio: Number.NaN, rssGrowthMb: 201 })).toBe(2);
});
