export { asyncApiDocument } from './asyncapi.ts';
export { docsRouter } from './docs-router.ts';
export { openApiDocument } from './openapi.ts';
