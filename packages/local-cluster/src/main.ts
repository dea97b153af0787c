// `npm start`: runs the local cluster until a signal stops it.
import { runUntilSignal } from './run-until-signal.ts';

await runUntilSignal({
  usage: `usage: npm start
Starts the whole cluster on this machine: Redis, nginx, chat servers, message workers and the presence service.
Prints "ready URL" when the URL can be used. Ctrl-C (SIGINT, SIGTERM) stops all processes within 10 s.
Settings are environment variables, for example PORT=9000 NODES=2 npm start; see .env.example and docs/configuration.md.
  --help  show this text`,
});
