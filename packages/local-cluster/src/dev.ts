// `npm run dev`: runs the local cluster and restarts services when their sources change.
import { runUntilSignal } from './run-until-signal.ts';
import { watchSources } from './watch-sources.ts';

await runUntilSignal({
  usage: `usage: npm run dev
Starts the whole cluster as npm start does, and watches the sources in packages/:
  a change in a service, or in a package that it imports, restarts the processes of that service, one at a time;
  a change in the web client, or in a package that it imports, builds the page again: reload it in the browser.
The other processes keep running, and clients stay connected to them. Ctrl-C (SIGINT, SIGTERM) stops all processes within 10 s.
Settings are environment variables, as with npm start.
  --help  show this text`,
  onReady(cluster, report) {
    const watcher = watchSources(cluster, report);
    report('watching packages/: services restart and the page is built again when their sources change');
    return watcher;
  },
});
