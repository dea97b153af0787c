import { describe, expect, test } from '@jest/globals';
import { FrameCache } from '../src/generator/frame-cache.ts';
import { LatencyHistogram } from '../src/generator/latency-histogram.ts';
import { plainAdapter } from '../src/generator/plain-adapter.ts';
import { ReceivedTally } from '../src/generator/received-tally.ts';
import { encodeFrame, FrameReader, OPCODES } from '../src/generator/web-socket-frames.ts';

const UPGRADED = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n';

/** Returns an unmasked frame, as servers send it. */
function serverFrame(text: string): Buffer {
  const size = Buffer.byteLength(text);
  const head =
    size < 126
      ? [0x81, size]
      : size < 65_536
        ? [0x81, 126, size >> 8, size & 255]
        : [0x81, 127, 0, 0, 0, 0, 0, size >> 16, (size >> 8) & 255, size & 255];
  return Buffer.concat([Buffer.from(head), Buffer.from(text)]);
}

describe('FrameReader and encodeFrame', () => {
  const texts = ['2', 'x'.repeat(125), 'y'.repeat(126), 'é'.repeat(40_000)];
  const stream = Buffer.concat([Buffer.from(UPGRADED), ...texts.map(serverFrame)]);

  test.each([1, 7, 4_096, 1_000_000])('frames are complete for any chunk size (%i bytes)', (chunkBytes) => {
    const reader = new FrameReader();
    const seen: string[] = [];
    const shared = Buffer.alloc(chunkBytes);
    for (let at = 0; at < stream.length; at += chunkBytes) {
      const size = stream.copy(shared, 0, at, at + chunkBytes);
      reader.read(shared, size, (opcode, buffer, start, end) => {
        expect(opcode).toBe(OPCODES.text);
        seen.push(buffer.toString('utf8', start, end));
      });
      shared.fill(0);
    }
    expect(seen).toEqual(texts);
  });

  test('a refused upgrade is reported with its status', () => {
    const answer = Buffer.from('HTTP/1.1 503 Service Unavailable\r\n\r\n');
    expect(() => new FrameReader().read(answer, answer.length, () => undefined)).toThrow(
      'upgrade refused: 503 Service Unavailable',
    );
  });

  test('frames of a client are masked', () => {
    for (const text of texts) {
      const frame = encodeFrame(OPCODES.text, text);
      expect((frame[1] ?? 0) & 0x80).toBe(0x80);
      expect(frame.subarray(-Buffer.byteLength(text)).toString()).toBe(text);
    }
  });
});

describe('ReceivedTally', () => {
  test('runs without a gap are complete', () => {
    const tally = new ReceivedTally();
    expect([tally.take(0, 1, 5), tally.take(0, 6, 6)]).toEqual([false, false]);
    expect(tally).toMatchObject({ received: 6, repeated: 0, late: 0 });
    expect([tally.lostUpTo(0, 6), tally.lostUpTo(0, 8), tally.completeUpTo(0)]).toEqual([0, 2, 6]);
  });

  test('a gap counts as lost until a late message or a page fills it', () => {
    const tally = new ReceivedTally();
    expect(tally.take(0, 4, 5)).toBe(true);
    expect([tally.lostUpTo(0, 5), tally.completeUpTo(0)]).toEqual([3, 0]);
    tally.take(0, 2, 2);
    tally.fill(0, 1);
    tally.fill(0, 3);
    tally.fill(0, 4);
    expect(tally).toMatchObject({ received: 5, repeated: 0, late: 1 });
    expect([tally.lostUpTo(0, 5), tally.completeUpTo(0)]).toEqual([0, 5]);
  });

  test('repeats are counted, per stream', () => {
    const tally = new ReceivedTally();
    tally.take(0, 1, 3);
    tally.take(0, 2, 4);
    tally.take(1, 1, 1);
    expect(tally).toMatchObject({ received: 5, repeated: 2, late: 0 });
    expect([tally.lostUpTo(0, 4), tally.lostUpTo(1, 1)]).toEqual([0, 0]);
  });

  test('messages older than the client are not counted, messages missed while it was disconnected are', () => {
    const tally = new ReceivedTally();
    tally.begin(0, 100);
    tally.take(0, 99, 102);
    tally.begin(0, 110);
    expect(tally).toMatchObject({ received: 2, repeated: 0 });
    expect([tally.lostUpTo(0, 110), tally.completeUpTo(0)]).toEqual([8, 102]);
  });
});

test('each distinct packet is parsed once, and packets of equal size are distinguished', () => {
  let reads = 0;
  const cache = new FrameCache(
    (packet) => {
      reads += 1;
      return plainAdapter.messagesOf(packet);
    },
    () => undefined,
  );
  const packet = (count: number) =>
    Buffer.from(`xx["message",{"room":"r","senderId":"s","count":${count},"text":"${count}.5 ${'-'.repeat(500)}"}]`);
  for (let round = 0; round < 50; round += 1) {
    for (let count = 10; count < 20; count += 1) {
      const bytes = packet(count);
      const { runs, sentAtMs } = cache.lookUp(bytes, 2, bytes.length);
      expect(runs).toEqual([{ stream: 0, first: count, last: count }]);
      expect(sentAtMs).toEqual([count + 0.5]);
    }
  }
  expect(reads).toBeGreaterThanOrEqual(10);
  const other = Buffer.from('["stored",{"seq":1}]');
  expect(cache.lookUp(other, 0, other.length).runs).toEqual([]);
});

describe('LatencyHistogram', () => {
  test('has an error of at most 1.6 %, from microseconds to minutes', () => {
    for (const ms of [0.001, 0.05, 0.127, 0.128, 0.5, 1.7, 99.9, 100, 1_234, 600_000]) {
      const histogram = new LatencyHistogram();
      histogram.add(ms);
      expect(Math.abs(histogram.quantileMs(0.5) - ms) / ms).toBeLessThanOrEqual(0.016);
    }
  });

  test('computes quantiles over merged histograms', () => {
    const [one, other] = [new LatencyHistogram(), new LatencyHistogram()];
    for (let ms = 1; ms <= 50; ms += 1) one.add(ms);
    for (let ms = 51; ms <= 99; ms += 1) other.add(ms);
    other.add(1_000, 1);
    one.merge(structuredClone(other.toSparse()));
    expect(one.total).toBe(100);
    expect(one.quantileMs(0.5)).toBeCloseTo(50, -1);
    expect(one.quantileMs(0.99)).toBeLessThan(101);
    expect(one.quantileMs(0.999)).toBeGreaterThan(980);
    expect(new LatencyHistogram().quantileMs(0.5)).toBe(0);
  });
});
