import { Agent, get } from 'node:http';
import type { Address } from '@parley/load-kit/generator';
import { LatencyHistogram } from '@parley/load-kit/generator';
import type { Random } from '@parley/load-kit/seeded-random';

const PAGE_MESSAGES = 50;
const CALL_DEADLINE_MS = 10_000;

/** Reads pages at random positions of a conversation, one after the other, over one keep-alive connection. */
export async function readRandomPages(
  address: Address,
  options: {
    token: string;
    conversationId: string;
    headSeq: number;
    pages: number;
    random: Random;
    signal: AbortSignal;
  },
): Promise<LatencyHistogram> {
  const { token, conversationId, headSeq, pages, random, signal } = options;
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const latencies = new LatencyHistogram();
  try {
    for (let page = 0; page < pages; page += 1) {
      signal.throwIfAborted();
      const before = PAGE_MESSAGES + 1 + Math.floor(random() * (headSeq - PAGE_MESSAGES));
      const path = `/api/conversations/${conversationId}/messages?before=${before}&limit=${PAGE_MESSAGES}`;
      const startedAt = performance.now();
      const { messages } = JSON.parse(await fetchText(agent, address, path, token)) as { messages: { seq: number }[] };
      latencies.add(performance.now() - startedAt);
      if (messages.length !== PAGE_MESSAGES || messages.at(-1)?.seq !== before - 1)
        throw new Error(`the page before ${before} has ${messages.length} messages up to ${messages.at(-1)?.seq}`);
    }
  } finally {
    agent.destroy();
  }
  return latencies;
}

function fetchText(agent: Agent, { host, port }: Address, path: string, token: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}` };
    const signal = AbortSignal.timeout(CALL_DEADLINE_MS);
    get({ agent, host, port, path, headers, signal }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('error', reject);
      response.on('end', () =>
        response.statusCode === 200 ? resolve(text) : reject(new Error(`GET ${path}: ${response.statusCode} ${text}`)),
      );
    }).on('error', reject);
  });
}
