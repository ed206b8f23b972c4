import { applyD1Migrations, createScheduledController } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { inject, vi } from 'vitest'
import worker, { type Bindings } from '../../server/worker/main.ts'
import { askWorker } from '../support/worker.ts'
import { flows } from './flows.ts'

flows('workerd', async () => {
  await applyD1Migrations(env.DB, inject('migrations'))
  // The clock of these tests is not that of the queue.
  const bindings: Bindings = { ...env, QUEUE: undefined }
  const realNow = Date.now
  let ahead = 0
  vi.spyOn(Date, 'now').mockImplementation(() => realNow() + ahead)
  return {
    fetch: askWorker(bindings),
    async deliver() {
      await worker.scheduled(createScheduledController(), bindings)
    },
    now: () => realNow() + ahead,
    advance(ms) {
      ahead += ms
    },
    stop: () => Promise.resolve(vi.restoreAllMocks()).then(() => {}),
  }
})
