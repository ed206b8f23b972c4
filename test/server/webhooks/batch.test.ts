import { expect, test } from 'vitest'
import { setSetting } from '../../../db/queries/settings.ts'
import { testApp } from '../../support/app.ts'
import { startReceiver } from '../../support/receiver.ts'

test('a batch that cannot be closed keeps no other webhook from sending', async () => {
  const receiver = await startReceiver()
  const app = await testApp()
  const plan = { mode: 'batched', everyMinutes: null, at: ['06:00'], maxEvents: 100 } as const
  await app.webhook({ url: `${receiver.url}/batched`, delivery: plan })
  await app.webhook({ url: `${receiver.url}/at-once` })
  // As a database has it that comes from a machine which knows more time zones.
  await app.deps.db.commit([setSetting(app.deps.db, 'time_zone', 'Mars/Olympus')])
  await app.emit()
  await app.deliver()
  expect(receiver.requests.map(({ path }) => path)).toEqual(['/at-once'])
})
