import { defineConfig } from 'vite';

const cluster = 'http://localhost:8080';

export default defineConfig({
  build: {
    target: 'es2022',
    // No inlined assets, because the content security policy does not allow data URLs.
    assetsInlineLimit: 0,
    // Mantine marks its modules with 'use client', which only matters for server rendering.
    rolldownOptions: {
      checks: { moduleLevelDirective: false },
      // A separate chunk, which browsers can cache across releases.
      output: { codeSplitting: { groups: [{ name: 'react', test: /node_modules\/(react|react-dom|scheduler)\// }] } },
    },
  },
  server: {
    proxy: {
      '/api': cluster,
      '/docs': cluster,
      '/socket.io': { target: cluster, ws: true },
    },
  },
});
