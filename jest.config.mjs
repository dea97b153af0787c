export default {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '\\.ts$': '<rootDir>/packages/testing/jest-transform.mjs' },
  transformIgnorePatterns: ['/node_modules/(?!@parley/)'],
  testMatch: ['<rootDir>/packages/*/{src,tests}/**/*.test.ts'],
  modulePathIgnorePatterns: ['/dist/', '/\\.data/'],
  testTimeout: 180_000,
  reporters: ['default', '<rootDir>/packages/testing/closing-lines-reporter.mjs'],
};
