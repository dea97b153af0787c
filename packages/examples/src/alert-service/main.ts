// Runs the alert service until Ctrl-C. See README.md for its environment variables.
import { startAlertService } from './alert-service.ts';

const service = await startAlertService({
  url: process.env.PARLEY_URL ?? 'http://localhost:8080',
  username: required('PARLEY_USERNAME'),
  password: required('PARLEY_PASSWORD'),
  conversationId: required('CONVERSATION_ID'),
  port: Number(process.env.ALERT_PORT ?? 9600),
});
process.stdout.write(`ready http://127.0.0.1:${service.port}/alerts\n`);

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => service.stop());

function required(name: string): string {
  const value = process.env[name];
  if (!value) {
    process.stderr.write(`${name} is not set. README.md describes the environment variables.\n`);
    process.exit(2);
  }
  return value;
}
