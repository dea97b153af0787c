import { readFile } from 'node:fs/promises';
import { createRequire, stripTypeScriptTypes } from 'node:module';
import { join } from 'node:path';

const PACKAGE = join(import.meta.dirname, '../..');
const { resolve } = createRequire(import.meta.url);
const SOCKET_IO = join(resolve('socket.io-client/package.json'), '../dist/socket.io.esm.min.js');
const IDB = join(resolve('idb'), '../index.js');
const CONSTANTS = resolve('@parley/protocol/constants');

const IMPORTS = {
  'socket.io-client': '/modules/socket.io-client.js',
  idb: '/modules/idb.js',
  '@parley/protocol/constants': '/modules/constants.js',
};

const PAGE = `<!doctype html><html lang="en"><title>Client</title>
<link rel="icon" href="data:,">
<script type="importmap">${JSON.stringify({ imports: IMPORTS })}</script></html>`;

export interface ServedFile {
  readonly contentType: string;
  readonly body: string;
}

/** Serves an empty page and the library as one module per source file, with types stripped. */
export async function clientFile(path: string): Promise<ServedFile | undefined> {
  if (path === '/') return { contentType: 'text/html', body: PAGE };
  if (path === '/modules/socket.io-client.js') return script(await readFile(SOCKET_IO, 'utf8'));
  if (path === '/modules/idb.js') return script(await readFile(IDB, 'utf8'));
  if (path === '/modules/constants.js') return script(stripTypeScriptTypes(await readFile(CONSTANTS, 'utf8')));
  if (!/^\/src\/[a-z/-]+\.ts$/.test(path)) return undefined;
  return script(stripTypeScriptTypes(await readFile(join(PACKAGE, path), 'utf8')));
}

const script = (body: string): ServedFile => ({ contentType: 'text/javascript', body });
