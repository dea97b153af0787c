import { spawnSync } from 'node:child_process';
import { expect, test } from '@jest/globals';

test('redacts fields with the name of a secret at any depth up to two', () => {
  const script = `
    import { createLogger } from ${JSON.stringify(new URL('./logger.ts', import.meta.url).href)};
    createLogger({ name: 'n', level: 'info' }).info({ token: 'secret-token', user: { password: 'secret-password' }, req: { headers: { cookie: 'secret-cookie' } } }, 'x');`;
  const { stdout } = spawnSync(process.execPath, ['--input-type=module-typescript', '-e', script], {
    encoding: 'utf8',
  });
  expect(JSON.parse(stdout)).toMatchObject({ level: 'info', node: 'n', msg: 'x' });
  expect(stdout).not.toMatch(/secret-/);
});
