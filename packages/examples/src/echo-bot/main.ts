// Runs the echo bot until Ctrl-C: PARLEY_URL=http://localhost:8080 npx node packages/examples/src/echo-bot/main.ts
import { EchoBot } from './echo-bot.ts';

const bot = new EchoBot({
  url: process.env.PARLEY_URL ?? 'http://localhost:8080',
  displayName: process.env.BOT_NAME ?? 'Echo bot',
  report: (line) => process.stdout.write(`${line}\n`),
});
await bot.start();

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => bot.stop());
