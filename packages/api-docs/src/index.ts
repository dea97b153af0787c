export { asyncApiDocument } from './asyncapi.ts';
export { documentText } from './contract-document.ts';
export { docsRouter } from './docs-router.ts';
export { openApiDocument } from './openapi.ts';
