import { Html, html, NOTHING } from './html.ts';

const SECTIONS = [
  { path: '/', name: 'Overview' },
  { path: '/rest', name: 'REST' },
  { path: '/socket-io', name: 'Socket.IO' },
] as const;

/**
 * Renders a page of the reference.
 *
 * @param base the path at which the reference is mounted, such as `/docs`
 * @param path the path of this page below it
 */
export function renderPage(page: { base: string; path: string; title: string; head?: Html; main: Html }): string {
  const { base, path, title, head = NOTHING, main } = page;
  const links = SECTIONS.map((section) => {
    const current = section.path === path ? new Html(' aria-current="page"') : NOTHING;
    return html`<li><a href="${base}${section.path}"${current}>${section.name}</a></li>`;
  });
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title} · Parley</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="${base}/assets/docs.css">
${head}
</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
<header>
<p class="brand"><a href="/">Parley</a></p>
<nav aria-label="API reference"><ul>${links}</ul></nav>
</header>
<main id="main">
${main}
</main>
</body>
</html>
`.markup;
}
