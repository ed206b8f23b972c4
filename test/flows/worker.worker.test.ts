import {
  applyD1Migrations,
  createExecutionContext,
  createScheduledController,
  waitOnExecutionContext,
} from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { inject, vi } from 'vitest'
import worker, { type Bindings } from '../../server/worker/main.ts'
import { flows } from './flows.ts'

flows('workerd', async () => {
  await applyD1Migrations(env.DB, inject('migrations'))
  // The clock of these tests is not that of the queue.
  const bindings: Bindings = { ...env, QUEUE: undefined }
  const realNow = Date.now
  let ahead = 0
  vi.spyOn(Date, 'now').mockImplementation(() => realNow() + ahead)
  return {
    async fetch(path, init) {
      const context = createExecutionContext()
      const answer = await worker.fetch(
        new Request(`http://hookline.test${path}`, { redirect: 'manual', ...init }),
        bindings,
        context,
      )
      await waitOnExecutionContext(context)
      return answer
    },
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
