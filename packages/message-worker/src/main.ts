import { readConfig, runProcess } from '@parley/service-kit';
import { MessageWorkerSettings } from './config.ts';
import { startMessageWorker } from './message-worker.ts';

await runProcess(async () => {
  const config = readConfig(MessageWorkerSettings, process.env);
  const worker = await startMessageWorker(config);
  return { ...worker, announce: { name: config.NODE_NAME, port: worker.opsPort, opsPort: worker.opsPort } };
});
