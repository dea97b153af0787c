// Loaded with `--import` into one process of the cluster. Its connections to the ports in REDIRECT_PORTS (JSON, port → port) go to
// the other ports, as a firewall rule for this process alone would do.
import { Socket } from 'node:net';

const ports = new Map<string, number>(Object.entries(JSON.parse(process.env.REDIRECT_PORTS ?? '{}')));
const connect = Socket.prototype.connect as (this: Socket, ...args: unknown[]) => Socket;

const redirected = (options: unknown): unknown => {
  if (typeof options !== 'object' || options === null || !('port' in options)) return options;
  const port = ports.get(String(options.port));
  return port === undefined ? options : { ...options, port };
};

// `net.connect` passes an array that it has marked as normalised; its first element has the options.
Socket.prototype.connect = function (this: Socket, ...args: unknown[]) {
  const [first] = args;
  if (Array.isArray(first)) first[0] = redirected(first[0]);
  else args[0] = redirected(first);
  return connect.apply(this, args);
} as Socket['connect'];
