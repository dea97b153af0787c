export { asyncApiDocument } from './asyncapi.ts';
export { docsRouter } from './docs-router.ts';
export { documentText } from './document-text.ts';
export { openApiDocument } from './openapi.ts';
