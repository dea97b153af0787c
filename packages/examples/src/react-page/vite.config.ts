import { defineConfig } from 'vite';

const cluster = process.env.PARLEY_URL ?? 'http://localhost:8080';

// The page and the cluster must be one origin for the browser, because the refresh cookie is `SameSite=Strict` and the client
// library sends it to its own origin only. The cluster also checks the `Origin` header, so the proxy sets it.
const target = { target: cluster, headers: { origin: cluster } };

export default defineConfig({
  root: import.meta.dirname,
  server: { proxy: { '/api': target, '/socket.io': { ...target, ws: true } } },
});
