export default {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '\\.ts$': '<rootDir>/packages/testing/jest-transform.mjs' },
  transformIgnorePatterns: ['/node_modules/(?!@parley/)'],
  testMatch: ['<rootDir>/packages/*/{src,tests}/**/*.test.ts'],
  modulePathIgnorePatterns: ['/dist/', '/\\.data/'],
  testTimeout: 600_000,
  // Most tests wait for other processes; a run with one worker fewer than processors would have just one on small machines.
  maxWorkers: 2,
  reporters: ['default', '<rootDir>/packages/testing/closing-lines-reporter.mjs'],
};
