import type { AsyncApiDocument, AsyncApiMessage, AsyncApiOperation } from '../asyncapi/document.ts';
import type { SchemaReference } from '../asyncapi/schemas.ts';
import { type Html, html, NOTHING, prose } from './html.ts';
import { renderPage } from './layout.ts';
import { renderFields, renderType, schemaAnchor } from './schema-view.ts';

/** The prefix is needed because some events exist in both directions. */
const anchorOf = ({ action, title }: AsyncApiOperation) =>
  `${action === 'receive' ? 'event' : 'packet'}-${title.replaceAll(':', '-')}`;

/** Renders the Socket.IO reference from the AsyncAPI document. */
export function socketIoPage(base: string, document: AsyncApiDocument): string {
  const operations = Object.values(document.operations);
  const [handshake, ...clientEvents] = operations.filter(({ action }) => action === 'receive');
  const serverEvents = operations.filter(({ action }) => action === 'send');
  const render = (operation: AsyncApiOperation) => renderOperation(document, operation);
  return renderPage({
    base,
    path: '/socket-io',
    title: 'Socket.IO API',
    main: html`<h1>${document.info.title}</h1>
<p class="lead">${prose(document.info.description)}</p>
<p>Version ${document.info.version}. As a file: <a href="${base}/asyncapi.json">asyncapi.json</a>.</p>
<nav class="contents" aria-label="On this page">
<ul><li><a href="#handshake">Handshake</a></li></ul>
<p>Client → server</p>${renderLinks(clientEvents)}
<p>Server → client</p>${renderLinks(serverEvents)}
<ul><li><a href="#schemas">Schemas</a></li></ul>
</nav>
<section aria-labelledby="handshake"><h2 id="handshake">Handshake</h2>${handshake ? render(handshake) : NOTHING}</section>
<section aria-labelledby="client-events"><h2 id="client-events">Client → server</h2>${clientEvents.map(render)}</section>
<section aria-labelledby="server-events"><h2 id="server-events">Server → client</h2>${serverEvents.map(render)}</section>
<section aria-labelledby="schemas"><h2 id="schemas">Schemas</h2>${renderSchemas(document)}</section>`,
  });
}

const renderLinks = (operations: readonly AsyncApiOperation[]) =>
  html`<ul>${operations.map((operation) => html`<li><a href="#${anchorOf(operation)}"><code>${operation.title}</code></a></li>`)}</ul>`;

function renderOperation(document: AsyncApiDocument, operation: AsyncApiOperation): Html {
  const { title, summary, description, messages, reply } = operation;
  const anchor = anchorOf(operation);
  const parts = [...messages, ...(reply?.messages ?? [])].map((reference) =>
    renderMessage(document, messageAt(document, reference)),
  );
  return html`<article class="card" aria-labelledby="${anchor}">
<h3 id="${anchor}"><code>${title}</code> <span>${summary}</span></h3>
<p>${prose(description)}</p>
${parts}
</article>`;
}

function messageAt(document: AsyncApiDocument, { $ref }: SchemaReference): AsyncApiMessage {
  const message = document.channels.socket.messages[$ref.slice($ref.lastIndexOf('/') + 1)];
  if (!message) throw new Error(`the document has no message ${$ref}`);
  return message;
}

function renderMessage(document: AsyncApiDocument, message: AsyncApiMessage): Html {
  const { payload, examples } = message;
  const name = typeof payload.$ref === 'string' ? payload.$ref.slice(payload.$ref.lastIndexOf('/') + 1) : undefined;
  const schema = name === undefined ? payload : (document.components.schemas[name] ?? payload);
  const shape = name === undefined ? NOTHING : html` ${renderType(payload)}`;
  const description = message.description ? html`<p>${prose(message.description)}</p>` : NOTHING;
  const [example] = examples;
  return html`<h4>${message.title}${shape}</h4>
<p>${prose(message.summary)}</p>
${description}
${renderFields(schema)}
<details><summary>Example</summary><pre tabindex="0"><code>${JSON.stringify(example?.payload, null, 2)}</code></pre></details>`;
}

const renderSchemas = (document: AsyncApiDocument) =>
  Object.entries(document.components.schemas).map(([name, schema]) => {
    const anchor = schemaAnchor(name);
    const description = typeof schema.description === 'string' ? html`<p>${prose(schema.description)}</p>` : NOTHING;
    return html`<article class="card" aria-labelledby="${anchor}"><h3 id="${anchor}">${name}</h3>
${description}${renderFields(schema)}</article>`;
  });
