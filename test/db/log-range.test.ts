import { expect, test } from 'vitest'
import { migrate } from '../../db/migrate.ts'
import { eventsBefore } from '../../db/queries/events.ts'
import { insertEvents, raiseEventCounter } from '../../db/queries/outbox.ts'
import { MINUTE, SECOND } from '../../server/lib/clock.ts'
import { newId } from '../../server/lib/ids.ts'
import { readMigrations } from '../../server/node/migrations.ts'
import { openSqlite } from '../../server/node/sqlite.ts'
import { quiet } from '../support/log.ts'

const event = { type: 'order_paid', site: 'sit_main', payload: '{}', source: 'plugin:shop', test: 0, hops: 0 }
const NOON = Date.UTC(2026, 0, 31, 12)

test('since and until find what was made in between, though seq and ids may stand in another order', async () => {
  const db = await openSqlite({ file: ':memory:', log: quiet })
  await migrate(db, await readMigrations())
  const random = (length: number) => crypto.getRandomValues(new Uint8Array(length))
  // Minutes after noon, in the order of their commits: an id may be a while older than the commit.
  const made = [0, 10, 9.5, 20, 30, 29.9, 30.1, 40].map((minutes) => NOON + minutes * MINUTE)
  for (const created of made) {
    const row = {
      behind: 0,
      id: newId('evt', { clock: () => created - 30 * SECOND, random }),
      ...event,
      key: null,
      fingerprint: '',
      rejected: null,
      occurred: created,
      created,
      heard: created,
    }
    await db.commit([raiseEventCounter(db, [{ events: 1 }]), insertEvents(db, [row])])
  }
  const between = async (since: number | null, until: number | null) => {
    const range = { since: since && NOON + since * MINUTE, until: until && NOON + until * MINUTE }
    const rows = await eventsBefore(db, { siteId: null, test: null, before: null, limit: 100, ...range })
    return rows.map((row) => (row.created_at - NOON) / MINUTE).toReversed()
  }
  expect(await between(null, null)).toEqual([0, 10, 9.5, 20, 30, 29.9, 30.1, 40])
  expect(await between(10, null)).toEqual([10, 20, 30, 29.9, 30.1, 40])
  expect(await between(null, 30)).toEqual([0, 10, 9.5, 20, 29.9])
  expect(await between(9.5, 30.1)).toEqual([10, 9.5, 20, 30, 29.9])
  expect(await between(50, null)).toEqual([])
  await db.close()
})
