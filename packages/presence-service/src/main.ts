import { readConfig, runProcess } from '@parley/service-kit';
import { PresenceServiceSettings } from './config.ts';
import { startPresenceService } from './presence-service.ts';

await runProcess(async () => {
  const config = readConfig(PresenceServiceSettings, process.env);
  const service = await startPresenceService(config);
  return { ...service, announce: { name: config.NODE_NAME, port: service.opsPort, opsPort: service.opsPort } };
});
