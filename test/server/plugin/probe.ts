import { z } from 'zod'
import { definePlugin, event, type Manifest, type Plugin, type Registrar } from 'hookline/plugin'

/** The plugin that tests of the host put their handlers into. */
export const thingDone = event('thing_done', {
  title: 'Thing Done',
  sentence: 'A thing was done',
  description: 'Happens in tests.',
  lane: 'realtime',
  payload: z.looseObject({ thing: z.string() }),
  sample: { thing: 'one' },
})

const manifest = {
  slug: 'probe',
  version: '1.0.0',
  title: 'Probe',
  requires: { host: '^1.0' },
  scope: 'site',
  events: [thingDone],
  storage: { things: { schema: z.strictObject({ id: z.string(), by: z.string() }), indexes: ['by'] } },
} as const satisfies Manifest

export const probe = (register: (to: Registrar<typeof manifest>) => void): Plugin<typeof manifest> =>
  definePlugin(manifest, register)

/** A plugin beside the probe that owns nothing. */
export const beside = (slug: string, register: (to: Registrar<Manifest>) => void): Plugin =>
  definePlugin<Manifest>({ slug, version: '1.0.0', title: slug, requires: { host: '^1.0' }, scope: 'site' }, register)

/** Who may do everything. */
export const anybody = { name: 'Tester', may: () => true }

/** A promise that a test settles when it likes. */
export const gate = () => Promise.withResolvers<void>()
