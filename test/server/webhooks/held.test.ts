import { expect, test } from 'vitest'
import { SENDING_OFF } from '../../../db/queries/outbox.ts'
import { createDispatcher } from '../../../server/webhooks/dispatch.ts'
import { testApp } from '../../support/app.ts'

test('what waited for sending to be on goes out at the next start, but not to a webhook that is off by now', async () => {
  const app = await testApp()
  const { db } = app.deps
  const works = await app.webhook({ name: 'Works', url: 'https://example.com/works' })
  const retired = await app.webhook({ name: 'Retired', url: 'https://example.com/retired' })
  await app.emit()
  await db.commit([
    db.q.updateTable('delivery').set({ state: 'held', due_at: null, reason: SENDING_OFF }),
    db.q.updateTable('webhook').set({ state: 'retired' }).where('id', '=', retired),
  ])
  await createDispatcher(app.deps, { owner: 'the next start', alone: true }).start()
  const rows = await db.q.selectFrom('delivery').select(['webhook_id', 'state', 'reason']).execute()
  expect(Object.fromEntries(rows.map((row) => [row.webhook_id, [row.state, row.reason]]))).toEqual({
    [works]: ['pending', null],
    [retired]: ['held', SENDING_OFF],
  })
})
