import { cloudflareTest, readD1Migrations } from '@cloudflare/vitest-plugin'
import { FLOW_ADMIN, FLOW_KEY } from './test/flows/key.ts'
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
          globalSetup: ['test/support/receiver-server.ts'],
        },
      },
      {
        // Apart from `node`, so that a server is only started when something is tested on it.
        test: {
          name: 'postgres',
          include: ['test/**/*.postgres.test.ts'],
          globalSetup: ['test/support/postgres-server.ts', 'test/support/receiver-server.ts'],
        },
      },
      {
        plugins: [
          cloudflareTest({
            wrangler: { configPath: `${root}wrangler.toml` },
            miniflare: {
              bindings: {
                PUBLIC_URL: 'http://hookline.test',
                APP_SECRET: 'an app secret for tests, 32 characters or more',
                SETUP_API_KEY: FLOW_KEY,
                ...FLOW_ADMIN,
                OUTBOUND_ALLOW: '127.0.0.0/8',
                LOG_LEVEL: 'error',
              },
            },
          }),
        ],
        test: {
          name: 'worker',
          include: ['test/**/*.worker.test.ts'],
          globalSetup: ['test/support/receiver-server.ts'],
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
