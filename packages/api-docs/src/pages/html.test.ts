import { expect, test } from '@jest/globals';
import { html, prose } from './html.ts';

test('escapes values and keeps markup', () => {
  const inner = html`<b>${'<script>"x" & \'y\''}</b>`;
  expect(html`<p>${inner}${[html`<i>${1}</i>`]}</p>`.markup).toBe(
    '<p><b>&lt;script&gt;&quot;x&quot; &amp; &#39;y&#39;</b><i>1</i></p>',
  );
});

test('marks code in text and escapes it', () => {
  expect(prose('use `a<b>` & go').markup).toBe('use <code>a&lt;b&gt;</code> &amp; go');
});
