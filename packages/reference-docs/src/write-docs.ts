// `npm run docs`: writes every generated file of the repository. With `--check` it writes nothing and fails when one differs.
import { readFile, writeFile } from 'node:fs/promises';
import { asyncApiDocument, documentText, openApiDocument } from '@parley/api-docs';
import { overviewText } from '@parley/monitoring';
import { configurationDocument } from './configuration-document.ts';
import { envExample } from './env-example.ts';
import { errorsDocument } from './errors-document.ts';
import { metricsDocument } from './metrics-document.ts';

const ROOT = new URL('../../../', import.meta.url);

const FILES: Record<string, () => string> = {
  'docs/openapi.json': () => documentText(openApiDocument()),
  'docs/asyncapi.json': () => documentText(asyncApiDocument()),
  'docs/configuration.md': configurationDocument,
  '.env.example': envExample,
  'docs/errors.md': errorsDocument,
  'docs/metrics.md': metricsDocument,
  'grafana/dashboards/overview.json': overviewText,
};

const isCheck = process.argv.includes('--check');

for (const [file, makeText] of Object.entries(FILES)) {
  const url = new URL(file, ROOT);
  const text = makeText();
  if (!isCheck) {
    await writeFile(url, text);
    process.stdout.write(`wrote ${file}\n`);
  } else if ((await readFile(url, 'utf8').catch(() => '')) !== text) {
    process.stderr.write(`${file} differs from what the code generates: run "npm run docs"\n`);
    process.exitCode = 1;
  }
}
