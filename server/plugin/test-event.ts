import { z } from 'zod'
import { definePlugin, event, type Manifest, type Plugin } from './define.ts'

/** Beside a plugin without events: an event for `apply` that takes any payload. */
export const somethingDone = event('something_done', {
  title: 'Something Done',
  sentence: 'Something was done',
  description: 'Happens in tests.',
  lane: 'realtime',
  payload: z.looseObject({}),
  sample: {},
})
/** Its owner. */
export const anybodys: Plugin = definePlugin<Manifest>({
  slug: 'test-host',
  version: '1.0.0',
  title: 'Test host',
  requires: { host: '^1.0' },
  scope: 'site',
  events: [somethingDone],
})
