import { afterAll, beforeAll, describe, vi } from 'vitest'
import { batches } from './batches.ts'
import { bins } from './bins.ts'
import { builders } from './builders.ts'
import { catalogue } from './catalogue.ts'
import { choice } from './choice.ts'
import { createFlow, type Subject } from './flow.ts'
import { health } from './health.ts'
import { hostileFields } from './hostile-fields.ts'
import { journal } from './journal.ts'
import { keys } from './keys.ts'
import { limits } from './limits.ts'
import { mainJob } from './main-job.ts'
import { past } from './past.ts'
import { plugins } from './plugins.ts'
import { privacy } from './privacy.ts'
import { repair } from './repair.ts'
import { signing } from './signing.ts'
import { sources } from './sources.ts'
import { trace } from './trace.ts'
import { transfer } from './transfer.ts'
import { wu } from './wu.ts'

// A flow is dozens of requests, and one that is cut short spoils the next ones: a busy machine may take its time.
vi.setConfig({ testTimeout: 30_000 })

/** The product end to end, word for word the same on every runtime and database. */
export function flows(runtime: string, open: () => Promise<Subject>): void {
  describe(`on ${runtime}`, () => {
    let subject: Subject
    beforeAll(async () => {
      subject = await open()
    })
    afterAll(() => subject.stop())

    const flow = createFlow(runtime, () => subject)
    const told = [
      mainJob,
      repair,
      past,
      choice,
      builders,
      bins,
      catalogue,
      wu,
      batches,
      signing,
      sources,
      privacy,
      transfer,
    ]
    const parts = [...told, health, hostileFields, trace, limits, journal, plugins, keys]
    for (const part of parts) part(flow)
  })
}
