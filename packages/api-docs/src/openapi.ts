import { z } from 'zod';
import { type CreateDocumentOptions, createDocument } from 'zod-openapi';
import { CONTRACT_VERSION } from './contract-document.ts';
import { ACCOUNT_PATHS } from './openapi/account-paths.ts';
import { CONVERSATION_PATHS } from './openapi/conversation-paths.ts';
import { HEALTH_PATHS } from './openapi/health-paths.ts';

export type OpenApiDocument = ReturnType<typeof createDocument>;

const isQueryNumber = (schema: unknown): schema is z.ZodPipe<z.ZodType, z.ZodNumber> =>
  schema instanceof z.ZodPipe && schema.out instanceof z.ZodNumber;

/** A query number is a pipe from text to a bounded integer. Documents its output, which is what callers need to know. */
const showQueryNumbers: CreateDocumentOptions['override'] = ({ zodSchema, jsonSchema, io }) => {
  if (io !== 'input') return;
  if (zodSchema instanceof z.ZodDefault && isQueryNumber(zodSchema.unwrap())) {
    jsonSchema.default = zodSchema.def.defaultValue as number;
  }
  if (!isQueryNumber(zodSchema)) return;
  const { minValue, maxValue } = zodSchema.out;
  delete jsonSchema.pattern;
  Object.assign(jsonSchema, { type: 'integer', minimum: minValue, maximum: maxValue });
};

/** Returns the REST API as an OpenAPI 3.1 document, made of the schemas that the servers validate with. */
export const openApiDocument = (): OpenApiDocument =>
  createDocument(
    {
      openapi: '3.1.1',
      info: {
        title: 'Parley REST API',
        version: CONTRACT_VERSION,
        description:
          'Accounts, conversations and history. Live messages go over Socket.IO: see the AsyncAPI document. ' +
          'Every error is `application/problem+json` with a `code`, a `message` for people, and whether and when to try ' +
          'again; `docs/errors.md` lists the codes. Pages of an origin that is not in `ALLOWED_ORIGINS` get `FORBIDDEN`.',
        license: { name: 'MIT', identifier: 'MIT' },
      },
      servers: [{ url: '/', description: 'The public address' }],
      tags: [
        { name: 'Accounts', description: 'Login and users' },
        { name: 'Conversations', description: 'Conversations, members and messages' },
        { name: 'Health', description: 'For load balancers and operators' },
      ],
      security: [{ accessToken: [] }],
      paths: { ...ACCOUNT_PATHS, ...CONVERSATION_PATHS, ...HEALTH_PATHS },
      components: {
        securitySchemes: {
          accessToken: {
            type: 'http',
            scheme: 'bearer',
            bearerFormat: 'JWT',
            description: '`accessToken` from register, login, guest or refresh; valid until its `expiresAt`',
          },
          refreshCookie: {
            type: 'apiKey',
            in: 'cookie',
            name: 'refresh',
            description: 'httpOnly, path `/api/auth`; set by register, login, guest and refresh',
          },
        },
      },
    },
    { override: showQueryNumbers },
  );
