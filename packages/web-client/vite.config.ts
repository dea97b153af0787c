import { defineConfig } from 'vite';

const cluster = 'http://localhost:8080';

export default defineConfig({
  build: {
    target: 'es2022',
    // Everything is a file of its own, so that a strict content security policy needs no exception for data URLs.
    assetsInlineLimit: 0,
    // Mantine marks each of its modules for servers that render React; a bundle for browsers has no use for that.
    rolldownOptions: {
      checks: { moduleLevelDirective: false },
      // A file of its own, which a browser keeps from release to release.
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
