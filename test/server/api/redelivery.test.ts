import { expect, test } from 'vitest'
import { deliveriesBefore } from '../../../db/queries/deliveries.ts'
import { redeliverMany, redeliverOne } from '../../../server/api/redelivery.ts'
import type { Actor } from '../../../server/lib/actor.ts'
import { testApp } from '../../support/app.ts'
import { startReceiver } from '../../support/receiver.ts'

test('of two who redeliver the same at once one does it, and is written down for it; the others go all the same', async () => {
  const receiver = await startReceiver({ answer: () => ({ status: 500 }) })
  const app = await testApp()
  await app.webhook({ name: 'Order desk', url: receiver.url, retrySchedule: [] })
  for (let i = 0; i < 3; i++) await app.emit()
  await app.deliver()
  const seen = await deliveriesBefore(app.deps.db, { owner: 'network', before: null, limit: 5 })
  const [first] = seen
  if (!first) throw new Error('Nothing was sent.')
  expect(seen).toHaveLength(3)
  expect(await redeliverOne(app.deps, person('Ada'), first)).toBeNull()
  expect(await redeliverOne(app.deps, person('Ben'), first)).toMatchObject({ text: expect.stringContaining('already') })
  expect(await redeliverMany(app.deps, person('Ben'), seen)).toBe(2)
  const audit = await app.deps.db.q
    .selectFrom('audit')
    .select(['actor_name', 'target'])
    .where('action', '=', 'delivery.redelivered')
    .orderBy('seq')
    .execute()
  const others = seen.filter(({ id }) => id !== first.id).map(({ id }) => ({ actor_name: 'Ben', target: id }))
  expect(audit).toEqual([{ actor_name: 'Ada', target: first.id }, ...others])
})

const person = (name: string): Actor => ({
  kind: 'user',
  id: `usr_${name.toLowerCase()}`,
  name,
  owner: 'network',
  capabilities: new Set(['deliveries:write']),
  address: '192.0.2.7',
})
