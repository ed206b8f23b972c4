import { existsSync } from 'node:fs'
import { cloudflareTest, readD1Migrations } from '@cloudflare/vitest-plugin'
import { defineConfig } from 'vitest/config'

const root = new URL('.', import.meta.url).pathname

export default defineConfig({
  test: {
    maxWorkers: 2,
    projects: [
      {
        test: {
          name: 'node',
          include: ['test/**/*.test.ts'],
          exclude: ['test/**/*.{worker,postgres}.test.ts', 'test/browser/**'],
        },
      },
      {
        // Apart from `node`, so that a server is only started when something is tested on it.
        test: {
          name: 'postgres',
          include: ['test/**/*.postgres.test.ts'],
          globalSetup: ['test/support/postgres-server.ts'],
        },
      },
      {
        plugins: [
          cloudflareTest({
            wrangler: { configPath: `${root}wrangler.toml` },
            ...(existsSync(`${root}server/worker/main.ts`) ? {} : { main: `${root}server/worker/d1.ts` }),
          }),
        ],
        test: {
          name: 'worker',
          include: ['test/**/*.worker.test.ts'],
          provide: { migrations: await readD1Migrations(`${root}db/migrations`) },
        },
      },
      {
        test: {
          name: 'browser',
          include: ['test/browser/**/*.test.ts'],
          sequence: { groupOrder: 1 },
          maxWorkers: 1,
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
})
