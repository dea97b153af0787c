import { z } from 'zod';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { json } from './responses.ts';

const Alive = z.object({ status: z.literal('ok') }).meta({ id: 'Alive' });
const ReadinessReport = z
  .object({
    status: z.enum(['ready', 'not ready']),
    failures: z.record(z.string(), z.string()).meta({ description: 'What is not ready → why; empty when ready' }),
  })
  .meta({ id: 'ReadinessReport' });

const health = { tags: ['Health'], security: [] };

export const HEALTH_PATHS: ZodOpenApiPathsObject = {
  '/healthz': {
    get: {
      ...health,
      operationId: 'healthz',
      summary: 'Whether the process lives',
      responses: { 200: { description: 'It lives', content: json(Alive) } },
    },
  },
  '/readyz': {
    get: {
      ...health,
      operationId: 'readyz',
      summary: 'Whether it may take traffic',
      responses: {
        200: { description: 'Ready', content: json(ReadinessReport) },
        503: { description: 'Not ready, and why not', content: json(ReadinessReport) },
      },
    },
  },
};
