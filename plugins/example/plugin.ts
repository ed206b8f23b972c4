import { z } from 'zod'
import { definePlugin, event } from 'hookline/plugin'

export const greetingSent = event('greeting_sent', {
  title: 'Greeting Sent',
  sentence: 'Somebody was greeted',
  description: 'Happens when a greeting goes out from the Greetings page.',
  lane: 'realtime',
  payload: z.looseObject({ greeting_id: z.string(), name: z.string().min(1) }),
  sample: { greeting_id: 'rec_1001', name: 'Mary' },
})

const greeting = z.strictObject({ id: z.string(), name: z.string(), heard: z.boolean() })

export default definePlugin(
  {
    slug: 'example',
    version: '1.0.0',
    title: 'Example',
    description: 'Greets people. A small plugin to learn from.',
    requires: { host: '^1.0' },
    scope: 'site',
    defaultActive: true,
    events: [greetingSent],
    storage: { greetings: { schema: greeting } },
    capabilities: [{ name: 'greet', title: 'Send greetings', roles: ['integration_admin', 'site_admin'] }],
    settings: z.object({
      morning: z
        .string()
        .max(100)
        .default('')
        .meta({ title: 'Greet each morning', help: 'A name. Empty: nobody is greeted.' }),
    }),
  },
  ({ on, cron, route, page }) => {
    route(
      'POST /greet',
      async (request, { storage, emit, newId }) => {
        const name = String((await request.formData()).get('name') ?? '').trim() || 'World'
        const id = newId()
        storage.greetings.put(id, { name, heard: false })
        emit(greetingSent, { greeting_id: id, name })
        return new Response(null, { status: 303, headers: { location: 'greetings' } })
      },
      { rule: 'greet' },
    )
    on(greetingSent, ({ greeting_id, name }, { storage }) => storage.greetings.put(greeting_id, { name, heard: true }))
    cron('0 8 * * *', 'morning', ({ settings, storage, emit, newId }) => {
      if (settings.morning === '') return
      const id = newId()
      storage.greetings.put(id, { name: settings.morning, heard: false })
      emit(greetingSent, { greeting_id: id, name: settings.morning })
    })
    page('/greetings', {
      title: 'Greetings',
      template: 'greetings',
      rule: 'webhooks:read',
      load: async ({ storage, actor }) => ({
        greetings: await storage.greetings.list(),
        mayGreet: actor?.may('greet') ?? false,
      }),
    })
  },
)
