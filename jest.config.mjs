/** Unit and contract tests: nothing but Node and npm. `npm run test:stack` runs those that need real programs. */
const stack = process.env.TEST_STACK === '1';

export default {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2024' }, module: { type: 'es6' } },
    ],
  },
  reporters: ['default', '<rootDir>/test/not-run-reporter.mjs'],
  testMatch: stack ? ['<rootDir>/test/stack/**/*.stack.ts'] : ['<rootDir>/test/**/*.test.ts'],
  testTimeout: stack ? 300_000 : 15_000,
  maxWorkers: stack ? 1 : 2,
};
