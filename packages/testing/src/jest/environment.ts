import { TestEnvironment } from 'jest-environment-node';
import type { FileTeardown } from '../at-file-end.ts';

/**
 * Runs the callbacks that a test file registered with `atFileEnd`, in reverse order. Jest skips `afterAll` if all tests are
 * skipped or the file fails to load. These callbacks run in every case.
 */
export default class ParleyEnvironment extends TestEnvironment {
  readonly #teardown: FileTeardown[] = [];

  override async setup(): Promise<void> {
    await super.setup();
    this.global.parleyFileTeardown = this.#teardown;
  }

  override async teardown(): Promise<void> {
    const errors: unknown[] = [];
    for (const close of this.#teardown.reverse()) {
      try {
        await close();
      } catch (error) {
        errors.push(error);
      }
    }
    await super.teardown();
    if (errors.length > 0) throw new AggregateError(errors, 'A test file could not be torn down.');
  }
}
