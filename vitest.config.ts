import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'cts',
          include: ['test/cts/**/*.test.ts'],
          exclude: ['**/node_modules/**'],
          testTimeout: 180_000,
        },
      },
      {
        test: {
          name: 'unit',
          include: ['{packages,daemons,agents,scripts}/**/*.test.ts'],
          exclude: ['**/node_modules/**'],
          // Property tests and started processes take a second or two; on a loaded machine ten times that.
          testTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'interop',
          include: ['test/interop/**/*.test.ts'],
          exclude: ['**/node_modules/**'],
          // Real and own nodes time each other's tokens: nothing else beside them.
          fileParallelism: false,
          hookTimeout: 180_000,
        },
      },
      {
        test: {
          name: 'lab',
          include: ['test/lab/**/*.test.ts'],
          exclude: ['**/node_modules/**'],
          // One lab at a time: each has machines of its own, but they share two cores and their timings are real.
          fileParallelism: false,
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
      {
        test: {
          name: 'sim',
          include: ['test/{sim,fuzz}/**/*.test.ts'],
          exclude: ['**/node_modules/**'],
          testTimeout: 120_000,
        },
      },
    ],
  },
});
