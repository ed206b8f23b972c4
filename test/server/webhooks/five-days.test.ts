import { expect, onTestFinished, test, vi } from 'vitest'
import { DAY, HOUR, MINUTE } from '../../../server/lib/clock.ts'
import { testApp } from '../../support/app.ts'
import { wordsOf } from '../../support/form.ts'
import { startReceiver } from '../../support/receiver.ts'
import { startSmtp } from '../../support/smtp.ts'

vi.setConfig({ testTimeout: 30_000 })

test('five days without a success: the webhook is switched off, and told of by an event, a mail and the pages', async () => {
  const broken = await startReceiver({ answer: () => ({ status: 500 }) })
  const bell = await startReceiver()
  onTestFinished(async () => {
    await Promise.all([broken.stop(), bell.stop()])
  })
  const smtp = await startSmtp()
  const app = await testApp({ env: { SMTP_URL: smtp.url } })
  const admin = await app.login()
  const ill = await app.webhook({
    name: 'Order desk',
    url: broken.url,
    allEvents: true,
    events: [],
    retrySchedule: [60],
  })
  await app.webhook({ url: bell.url, events: ['webhook_failing', 'webhook_disabled'] })
  const { db } = app.deps
  const webhook = () =>
    db.q.selectFrom('webhook').select(['state', 'state_reason']).where('id', '=', ill).executeTakeFirstOrThrow()
  const settle = async () => {
    for (let n = 0; n < 3; n++) {
      await app.deliver()
      await app.tidy()
      app.clock.advance(16 * MINUTE)
    }
  }

  const began = app.clock.now()
  while (app.clock.now() - began < 5 * DAY - HOUR) {
    await app.emit()
    await settle()
    expect((await webhook()).state).not.toBe('disabled')
    app.clock.advance(8 * HOUR)
  }
  const tries = broken.requests.length
  expect(tries).toBeGreaterThan(10)
  app.clock.advance(8 * HOUR)
  await app.emit()
  await settle()
  expect(await webhook()).toEqual({ state: 'disabled', state_reason: 'For five days, every attempt has failed.' })

  // From now on its events are held, and nobody calls it.
  const last = broken.requests.length
  await app.emit()
  await settle()
  expect(broken.requests).toHaveLength(last)
  const held = await db.q.selectFrom('delivery').select('id').where('state', '=', 'held').execute()
  expect(held.length).toBeGreaterThan(0)

  const news = bell.requests.map(({ body }) => JSON.parse(body) as { type: string; data: Record<string, unknown> })
  expect(news.map(({ type, data }) => [type, data['webhook_id']])).toEqual([
    ['webhook_failing', ill],
    ['webhook_disabled', ill],
  ])
  expect(news[1]?.data).toMatchObject({ name: 'Order desk', reason: 'For five days, every attempt has failed.' })
  const toldItself = broken.requests.filter(({ headers }) => headers['hookline-event']?.startsWith('webhook_'))
  expect(toldItself).toEqual([])

  expect(smtp.mails.map(({ headers }) => headers.find((line) => line.startsWith('Subject:')))).toEqual([
    'Subject: Hookline: The webhook Order desk is failing',
    'Subject: Hookline: The webhook Order desk was switched off',
  ])
  expect(smtp.mails[1]?.text).toContain('For five days, every attempt has failed.')

  for (const path of ['/network', `/network/webhooks/${ill}`]) {
    expect(wordsOf((await admin.get(path)).html)).toContain('For five days, every attempt has failed.')
  }
  expect(wordsOf((await admin.get('/network/webhooks')).html)).toContain('Order desk')
})
