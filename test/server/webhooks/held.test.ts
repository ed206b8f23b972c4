import { expect, onTestFinished, test } from 'vitest'
import { SENDING_OFF } from '../../../db/queries/outbox.ts'
import { createDispatcher } from '../../../server/webhooks/dispatch.ts'
import { testApp } from '../../support/app.ts'
import { startReceiver } from '../../support/receiver.ts'

test('what waited for sending to be on goes out at the next start, but not to a webhook that is off by now, and nothing else', async () => {
  const app = await testApp()
  const { db } = app.deps
  const works = await app.webhook({ name: 'Works', url: 'https://example.com/works' })
  const retired = await app.webhook({ name: 'Retired', url: 'https://example.com/retired' })
  const waits = await app.webhook({ name: 'Waits', url: 'https://example.com/waits' })
  await app.emit()
  await db.commit([
    db.q.updateTable('delivery').set({ state: 'held', due_at: null, reason: SENDING_OFF }),
    db.q.updateTable('delivery').set({ reason: 'For another reason.' }).where('webhook_id', '=', waits),
    db.q.updateTable('webhook').set({ state: 'retired' }).where('id', '=', retired),
  ])
  await createDispatcher(app.deps, { owner: 'the next start', alone: true }).start()
  const rows = await db.q.selectFrom('delivery').select(['webhook_id', 'state', 'reason']).execute()
  expect(Object.fromEntries(rows.map((row) => [row.webhook_id, [row.state, row.reason]]))).toEqual({
    [works]: ['pending', null],
    [retired]: ['held', SENDING_OFF],
    [waits]: ['held', 'For another reason.'],
  })
})

test('what is discarded while it waits to be sent once more is what it was, and can be redelivered', async () => {
  const receiver = await startReceiver({ answer: (_, n) => (n === 1 ? { status: 500 } : {}) })
  onTestFinished(() => receiver.stop())
  const app = await testApp()
  const id = await app.webhook({ url: receiver.url, retrySchedule: [] })
  await app.emit()
  await app.deliver()
  const client = await app.client()
  const only = async () =>
    ((await client('GET', `/deliveries?webhook=${id}`)).body.data as { id: string; state: string }[])[0]
  const again = `/deliveries/${(await only())?.id}/redeliver`
  expect((await client('POST', again)).status).toBe(202)
  await client('PATCH', `/webhooks/${id}`, { active: false })
  expect((await client('POST', `/webhooks/${id}/discard`)).body).toEqual({ discarded: 1 })
  expect((await only())?.state).toBe('failed')
  await client('PATCH', `/webhooks/${id}`, { active: true })
  expect((await client('POST', again)).status).toBe(202)
  await app.deliver()
  expect((await only())?.state).toBe('delivered')
})
