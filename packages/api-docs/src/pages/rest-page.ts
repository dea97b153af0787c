import { html } from './html.ts';
import { renderPage } from './layout.ts';

export const restPage = (base: string): string =>
  renderPage({
    base,
    path: '/rest',
    title: 'REST API',
    head: html`<link rel="stylesheet" href="${base}/assets/swagger-ui.css">
<script src="${base}/assets/swagger-ui-bundle.js" defer></script>
<script src="${base}/assets/rest-reference.js" defer></script>`,
    main: html`<noscript>
<h1>REST API</h1>
<p>The reference needs JavaScript. The same content is in <a href="${base}/openapi.json">openapi.json</a>.</p>
</noscript>
<div id="rest-reference" data-document="${base}/openapi.json"></div>`,
  });
