import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import express from 'express';
import { CLIENT_EVENTS, SERVER_EVENTS } from '../src/asyncapi/events.ts';
import { asyncApiDocument, docsRouter, openApiDocument } from '../src/index.ts';

let server: Server;
let address: string;

beforeAll(async () => {
  server = createServer(express().use('/docs', docsRouter()));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(() => {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(resolve));
});

const PAGES = ['/docs', '/docs/', '/docs/rest', '/docs/socket-io'];

test.each(PAGES)('%s is a page with landmarks and without inline scripts', async (path) => {
  const response = await fetch(address + path);
  const page = await response.text();
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toContain('text/html');
  expect(response.headers.get('content-security-policy')).toContain("default-src 'self'");
  expect(page).toMatch(/<html lang="en">/);
  expect(page.match(/<h1[ >]/g)).toHaveLength(1);
  expect(page.match(/<main[ >]/g)).toHaveLength(1);
  expect(page).not.toMatch(/<script(?![^>]* src=)/);
  expect(page).not.toMatch(/<[^>]* on[a-z]+=|javascript:|https?:\/\//i);
});

test.each(PAGES)('every resource and link of %s exists', async (path) => {
  const page = await (await fetch(address + path)).text();
  const links = [...page.matchAll(/(?:src|href)="(\/docs[^"#]*)/g)].map(([, link]) => link);
  expect(links).toContain('/docs/assets/docs.css');
  const statuses = await Promise.all(
    [...new Set(links)].map(async (link) => `${link} ${(await fetch(address + link, { method: 'HEAD' })).status}`),
  );
  expect(statuses.filter((line) => !line.endsWith(' 200'))).toEqual([]);
});

test('the Socket.IO page shows every event, and its inner links have targets', async () => {
  const page = await (await fetch(`${address}/docs/socket-io`)).text();
  for (const name of Object.keys({ ...CLIENT_EVENTS, ...SERVER_EVENTS })) {
    expect(page).toContain(`<code>${name}</code> <span>`);
  }
  const targets = new Set([...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id));
  const broken = [...page.matchAll(/href="#([^"]+)"/g)].filter(([, id]) => !targets.has(id));
  expect(broken).toEqual([]);
});

test('the documents are served as files', async () => {
  const files = await Promise.all(
    ['openapi', 'asyncapi'].map(async (name) => (await fetch(`${address}/docs/${name}.json`)).json()),
  );
  expect(files).toEqual(JSON.parse(JSON.stringify([openApiDocument(), asyncApiDocument()])));
});

test.each(['index.html', '..%2fdocs-router.ts', 'package.json'])('no other file is served: %s', async (file) => {
  expect((await fetch(`${address}/docs/assets/${file}`)).status).toBe(404);
});
