import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import express, { type Router } from 'express';
import { asyncApiDocument } from './asyncapi.ts';
import { documentText } from './contract-document.ts';
import { openApiDocument } from './openapi.ts';
import { overviewPage } from './pages/overview-page.ts';
import { restPage } from './pages/rest-page.ts';
import { socketIoPage } from './pages/socket-io-page.ts';

const OWN_ASSETS = fileURLToPath(new URL('./assets', import.meta.url));
const SWAGGER_UI = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));

/** Every file that the pages load, with its folder. No other file is served. */
const ASSETS: ReadonlyMap<string, string> = new Map([
  ['docs.css', OWN_ASSETS],
  ['rest-reference.js', OWN_ASSETS],
  ['swagger-ui.css', SWAGGER_UI],
  ['swagger-ui-bundle.js', SWAGGER_UI],
]);

/** All content is from this server and no script is inline. Swagger UI needs style attributes and `data:` images. */
const CONTENT_SECURITY_POLICY =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; object-src 'none'; base-uri 'none'; " +
  "form-action 'self'; frame-ancestors 'self'";

/** Creates a router that serves the API reference as pages and as files. Mount it at a path such as `/docs`. */
export function docsRouter(): Router {
  const openApi = documentText(openApiDocument());
  const asyncApi = asyncApiDocument();
  const router = express.Router();
  router.use((_request, response, next) => {
    response.set({ 'Content-Security-Policy': CONTENT_SECURITY_POLICY, 'X-Content-Type-Options': 'nosniff' });
    next();
  });
  router.get('/', (request, response) => {
    response.type('html').send(overviewPage(request.baseUrl));
  });
  router.get('/rest', (request, response) => {
    response.type('html').send(restPage(request.baseUrl));
  });
  router.get('/socket-io', (request, response) => {
    response.type('html').send(socketIoPage(request.baseUrl, asyncApi));
  });
  router.get('/openapi.json', (_request, response) => {
    response.type('json').send(openApi);
  });
  router.get('/asyncapi.json', (_request, response) => {
    response.type('json').send(documentText(asyncApi));
  });
  router.get('/assets/:file', (request, response, next) => {
    const { file } = request.params;
    const root = ASSETS.get(file);
    if (root === undefined) return next();
    response.sendFile(file, { root, maxAge: '1h' }, next);
  });
  return router;
}
