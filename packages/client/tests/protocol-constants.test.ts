import { expect, test } from '@jest/globals';
import * as protocol from '@parley/protocol';
import * as constants from '../src/protocol-constants.ts';

test('are those of the protocol', () => {
  expect(protocol).toMatchObject({ ...constants });
});
