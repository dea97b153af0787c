import { readConfig, runProcess } from '@parley/service-kit';
import { startChatServer } from './chat-server.ts';
import { ChatServerSettings } from './config.ts';

await runProcess(async () => {
  const config = readConfig(ChatServerSettings, process.env);
  const server = await startChatServer(config);
  return { ...server, announce: { name: config.NODE_NAME, port: server.port, opsPort: server.opsPort } };
});
