module.exports = {
  transform: { '^.+\\.tsx?$': 'ts-jest' },
  moduleFileExtensions: ['ts', 'tsx', 'js', 'jsx', 'json', 'node'],
  testTimeout: 20 * 1000,
  testEnvironment: 'node',
  maxWorkers: 1,
  testRunner: 'jest-circus/runner',
  globals: {
    'ts-jest': {
      isolatedModules: true,
      diagnostics: false,
      tsconfig: { target: 'es2019', module: 'commonjs', esModuleInterop: true },
    },
    Uint8Array: Uint8Array,
  },
};
