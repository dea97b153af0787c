/** Long suites of the test tools themselves. CI leaves them out to stay below twenty minutes: npm test runs them. */
const NOT_IN_CI = [
  'packages/bench/tests/bench',
  'packages/bench/tests/generator',
  'packages/chaos/tests/redis-targets',
  'packages/fuzz/tests/attacks-short',
  'packages/testing/tests/redis-servers',
  'packages/testing/tests/test-run',
];

export default {
  testEnvironment: '<rootDir>/packages/testing/src/jest/environment.ts',
  globalSetup: '<rootDir>/packages/e2e/tests/run/global-setup.ts',
  globalTeardown: '<rootDir>/packages/e2e/tests/run/global-teardown.ts',
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '\\.ts$': '<rootDir>/packages/testing/src/jest/transform.mjs' },
  transformIgnorePatterns: ['/node_modules/(?!@parley/)'],
  testMatch: ['<rootDir>/packages/*/{src,tests}/**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/', ...(process.env.CI === 'true' ? NOT_IN_CI : [])],
  modulePathIgnorePatterns: ['/dist/', '/\\.data/'],
  testTimeout: 600_000,
  // Most tests wait for other processes. Jest's default, one worker fewer than CPUs, would be a single worker on small machines.
  maxWorkers: 3,
  reporters: ['default', '<rootDir>/packages/testing/src/jest/closing-lines-reporter.mjs'],
};
