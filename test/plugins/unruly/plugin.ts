import { existsSync } from 'node:fs'
import { z } from 'zod'
import { definePlugin, event } from 'hookline/plugin'

/** Breaks the rules of plugins wherever it can. */
setTimeout(() => {}, 0)
Object.assign(globalThis, { unruly: existsSync('/') })

export const mischiefManaged = event('unruly.mischief_managed', {
  title: 'Mischief Managed',
  sentence: 'Something was broken',
  description: 'Happens now and then.',
  lane: 'realtime',
  payload: z.looseObject({ at: z.number() }),
  sample: { at: 1 },
})

export default definePlugin(
  {
    slug: 'unruly',
    version: '1.0.0',
    title: 'Unruly',
    requires: { host: '^1.0' },
    scope: 'site',
    events: [mischiefManaged],
  },
  ({ on }) =>
    on(mischiefManaged, () => {
      throw new Error('ouch')
    }),
)
