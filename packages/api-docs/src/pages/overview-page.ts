import { html } from './html.ts';
import { renderPage } from './layout.ts';

export const overviewPage = (base: string): string =>
  renderPage({
    base,
    path: '/',
    title: 'API reference',
    main: html`<h1>API reference</h1>
<p class="lead">Clients use REST and Socket.IO. Both references are generated from the schemas that the servers validate with.</p>
<div class="cards">
<section class="card" aria-labelledby="rest">
<h2 id="rest"><a href="${base}/rest">REST</a></h2>
<p>Accounts and access tokens, conversations and members, and pages of history. You can try each call on the page.</p>
<p><a href="${base}/openapi.json">openapi.json</a> (OpenAPI 3.1)</p>
</section>
<section class="card" aria-labelledby="socket-io">
<h2 id="socket-io"><a href="${base}/socket-io">Socket.IO</a></h2>
<p>Live messages: the handshake, the client events with their acks, and the server events.</p>
<p><a href="${base}/asyncapi.json">asyncapi.json</a> (AsyncAPI 3)</p>
</section>
</div>
<h2>Send the first message</h2>
<ol>
<li>Get an access token: <code>POST /api/auth/guest</code>, <code>/register</code> or <code>/login</code>.</li>
<li>Connect any Socket.IO v4 client with <code>auth: { token }</code>.</li>
<li>Emit <code>session:hello</code>, then <code>message:send</code> to the conversation <code>lobby</code>.</li>
<li>Listen to <code>messages</code>. If a <code>seq</code> is missing, emit <code>messages:since</code>.</li>
</ol>`,
  });
