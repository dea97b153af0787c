import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { join } from 'node:path';
import { type NginxConfig, nginxArgs, systemEnv, workspacePath, writeNginxPrefix } from '@parley/local-cluster';
import { closeServer, listen, portOf } from '@parley/service-kit';
import { atFileEnd, eventually, freePort, newTemporaryDirectory } from '@parley/testing';

/** The answer of a backend: its name and the request. */
export interface Echo {
  server: string;
  url: string;
  headers: IncomingHttpHeaders;
}

export interface TestFront {
  readonly url: string;
  readonly port: number;
}

/** Starts a server in place of a chat server. It answers with its name and the request. */
export async function newBackend(name: string): Promise<Server> {
  const server = createServer((incoming, response) => {
    incoming.resume().on('end', () => {
      if (incoming.url === '/api/busy') response.writeHead(503);
      response.end(JSON.stringify({ server: name, url: incoming.url, headers: incoming.headers }));
    });
  });
  server.on('upgrade', (_incoming, socket) => {
    socket.end(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n${name}`);
  });
  await listen(server, 0, '127.0.0.1');
  atFileEnd(() => closeServer(server));
  return server;
}

/** Starts nginx with the cluster's configuration in front of these backends, by name. It ends with the test file. */
export async function newFront(
  backends: ReadonlyMap<string, Server>,
  clients: Partial<NginxConfig> = {},
): Promise<TestFront> {
  const prefix = await newTemporaryDirectory();
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const webRoot = join(prefix, 'built');
  mkdirSync(join(webRoot, 'assets'), { recursive: true });
  writeFileSync(join(webRoot, 'index.html'), '<!doctype html><title>Parley</title>');
  writeFileSync(join(webRoot, 'assets/index-1a2b.js'), `/* ${'x'.repeat(2_000)} */`);
  writeNginxPrefix(prefix, {
    nginxConf: workspacePath('nginx.conf'),
    ...{ webRoot, port, hosts: ['127.0.0.1'], clients },
    upstreams: [...backends].map(([name, server]) => ({ name, port: portOf(server) })),
  });
  const nginx = spawn('nginx', nginxArgs(prefix, process.getuid?.() === 0), { stdio: 'ignore', env: systemEnv() });
  const exited = once(nginx, 'exit');
  atFileEnd(async () => {
    nginx.kill('SIGTERM');
    await exited;
  });
  await eventually(() => fetch(url));
  return { url, port };
}
