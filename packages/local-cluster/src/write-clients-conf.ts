// Writes nginx's clients.conf into a directory, for a container that runs before nginx: node write-clients-conf.ts DIRECTORY
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CONFIG_ERROR_EXIT_CODE, ConfigError, readConfig } from '@parley/service-kit';
import { renderClientsConf } from './nginx-clients-conf.ts';
import { NginxSettings } from './settings.ts';

const [directory] = process.argv.slice(2);
if (directory === undefined) {
  process.stderr.write('usage: node write-clients-conf.ts DIRECTORY\n');
  process.exit(2);
}
try {
  writeFileSync(join(directory, 'clients.conf'), renderClientsConf(readConfig(NginxSettings, process.env)));
} catch (error) {
  process.stderr.write(`${error instanceof ConfigError ? error.message : String(error)}\n`);
  process.exitCode = error instanceof ConfigError ? CONFIG_ERROR_EXIT_CODE : 1;
}
