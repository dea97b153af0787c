import { readFile } from 'node:fs/promises';
import { createRequire, stripTypeScriptTypes } from 'node:module';
import { join } from 'node:path';

const PACKAGE = join(import.meta.dirname, '../..');
const SOCKET_IO = join(
  createRequire(import.meta.url).resolve('socket.io-client/package.json'),
  '../dist/socket.io.esm.min.js',
);

const PAGE = `<!doctype html><html lang="en"><title>Client</title>
<link rel="icon" href="data:,">
<script type="importmap">{ "imports": { "socket.io-client": "/modules/socket.io-client.js" } }</script></html>`;

export interface ServedFile {
  readonly contentType: string;
  readonly body: string;
}

/** An empty page, and the client library for it to import: each source file a module, without its types. */
export async function clientFile(path: string): Promise<ServedFile | undefined> {
  if (path === '/') return { contentType: 'text/html', body: PAGE };
  if (path === '/modules/socket.io-client.js') return script(await readFile(SOCKET_IO, 'utf8'));
  if (!/^\/src\/[a-z/-]+\.ts$/.test(path)) return undefined;
  return script(stripTypeScriptTypes(await readFile(join(PACKAGE, path), 'utf8')));
}

const script = (body: string): ServedFile => ({ contentType: 'text/javascript', body });
