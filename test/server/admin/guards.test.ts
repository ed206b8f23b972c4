import { expect, test } from 'vitest'
import { definePlugin, webhookGuard } from 'hookline/plugin'
import { MINUTE } from '../../../server/lib/clock.ts'
import { testApp } from '../../support/app.ts'
import { startReceiver } from '../../support/receiver.ts'

const mood = { broken: true }
const bouncer = definePlugin(
  {
    slug: 'bouncer',
    version: '1.0.0',
    title: 'Bouncer',
    requires: { host: '^1.0' },
    scope: 'network',
    defaultActive: true,
  },
  ({ filter }) =>
    filter(webhookGuard, (payload) => {
      if (mood.broken) throw new Error('Out of order.')
      return payload
    }),
)
const words = (html: string): string => html.replaceAll(/<[^>]*>/g, ' ').replaceAll(/\s+/g, ' ')

test('a closed guard is told of, and what it held goes out once somebody sends without it', async () => {
  mood.broken = false
  const receiver = await startReceiver()
  const app = await testApp({ plugins: [bouncer] })
  const admin = await app.login()
  await app.webhook({ url: receiver.url })
  mood.broken = true
  const event = await app.emit()
  await app.deliver()
  expect(receiver.requests).toHaveLength(0)

  const { html } = await admin.get('/network/plugins')
  expect(words(html)).toContain('Bouncer is holding deliveries back. Events that wait for its guard: 1.')
  expect(words((await admin.get('/network')).html)).toContain('Bouncer is holding deliveries back.')
  expect(words((await admin.get('/network/health')).html)).toContain('Guards are holding deliveries back')
  const { id } = await app.deps.db.q.selectFrom('delivery').select('id').executeTakeFirstOrThrow()
  const page = await admin.get(`/network/deliveries/${id}`)
  expect(words(page.html)).toContain('A guard holds this event.')
  expect(words(page.html)).toContain('The guard bouncer/filter:webhook_guard#0 failed: Out of order.')
  expect(words((await admin.send(`/network/deliveries/${id}/redeliver`)).html)).toContain('A guard holds this event.')

  const handler = 'bouncer/filter:webhook_guard#0'
  const sent = await admin.send('/network/hooks/mute', { handler })
  expect(words(sent.html)).toContain(`${handler} is muted.`)
  expect(words(sent.html)).toContain('Bouncer is not asked before events go out.')
  await app.tidy()
  await app.deliver()
  expect(receiver.requests.map(({ headers }) => headers['webhook-id'])).toEqual([event])

  mood.broken = false
  const again = await admin.send('/network/hooks/unmute', { handler })
  expect(words(again.html)).not.toContain('Bouncer is not asked')
  const audit = await app.deps.db.q.selectFrom('audit').select(['action', 'target']).execute()
  expect(audit.filter(({ target }) => target === handler).map(({ action }) => action)).toEqual([
    'handler.muted',
    'handler.unmuted',
  ])
})

test('an event that no guard can read waits alone, with the reason', async () => {
  mood.broken = true
  const receiver = await startReceiver()
  const app = await testApp({ plugins: [bouncer] })
  await app.webhook({ url: receiver.url })
  const [first, second] = [await app.emit(), await app.emit()]
  const { db } = app.deps
  await db.commit([db.q.updateTable('event').set({ payload: '{"amount":' }).where('id', '=', first)])
  mood.broken = false
  app.clock.advance(MINUTE)
  await app.tidy()
  await app.deliver()
  expect(receiver.requests.map(({ headers }) => headers['webhook-id'])).toEqual([second])
  const waits = db.q.selectFrom('delivery').select(['state', 'reason']).where('event_id', '=', first)
  const reason = 'The guard bouncer/filter:webhook_guard#0 failed: The event cannot be read.'
  expect(await waits.execute()).toEqual([{ state: 'held', reason }])
})

test('a guard is muted only by who may change the network, and only if it is there', async () => {
  const app = await testApp({ plugins: [bouncer] })
  const integrations = await app.login('integration_admin')
  expect((await integrations.post('/network/hooks/mute', { handler: 'bouncer/filter:webhook_guard#0' })).status).toBe(
    403,
  )
  const admin = await app.login()
  expect((await admin.post('/network/hooks/mute', { handler: 'bouncer/filter:nothing#0' })).status).toBe(404)
})
