import { z } from 'zod';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { json, rateLimitedResponse } from './responses.ts';

const Alive = z.object({ status: z.literal('ok') }).meta({ id: 'Alive' });
const Ready = z.object({ status: z.enum(['ready', 'degraded']) }).meta({ id: 'Ready' });
const NotReady = z.object({ status: z.literal('unavailable') }).meta({ id: 'NotReady' });

const health = { tags: ['Health'], security: [] };

export const HEALTH_PATHS: ZodOpenApiPathsObject = {
  '/healthz': {
    get: {
      ...health,
      operationId: 'healthz',
      summary: 'Get whether the process is alive',
      responses: { 200: { description: 'The process is alive', content: json(Alive) }, ...rateLimitedResponse() },
    },
  },
  '/readyz': {
    get: {
      ...health,
      operationId: 'readyz',
      summary: 'Get whether the cluster may take traffic',
      description:
        'Names no reason. Operators find the failed checks at `/readyz` on the operations port of each process.',
      responses: {
        200: {
          description:
            'The cluster serves sessions. `degraded`: Redis is near its memory limit, so sends get `BUSY`; sessions and history work',
          content: json(Ready),
        },
        ...rateLimitedResponse(),
        503: { description: 'New sessions cannot be served now', content: json(NotReady) },
      },
    },
  },
};
