import { sql } from 'kysely'
import { expect, test, vi } from 'vitest'
import { DAY, SECOND } from '../../server/lib/clock.ts'
import { testApp, type TestApp } from '../support/app.ts'

vi.setConfig({ testTimeout: 30_000 })

/** Events that happened now, as many as `most`, none of which anybody heard. */
const store = ({ deps: { db, clock } }: TestApp, most: number, payload: string) =>
  db.commit([
    sql`insert into event (id, seq, type, site_id, payload, source, test, hops, fingerprint, occurred_at, created_at)
      with recursive n(n) as (select 1 union all select n + 1 from n where n < ${most})
      select 'evt_' || n, n, 'payment_received', 'sit_main', ${payload}, 'api', 0, 0, '', ${clock()}, ${clock()} from n`.compile(
      db.q,
    ),
  ])

const eventsIn = async ({ deps: { db } }: TestApp): Promise<number> => {
  const query = db.q.selectFrom('event').select((eb) => eb.fn.countAll<number>().as('count'))
  return Number((await query.executeTakeFirstOrThrow()).count)
}

test('what fails keeps nothing else from its turn', async () => {
  const app = await testApp()
  await store(app, 1, 'what somebody put there by hand, and no plugin can be told of')
  app.clock.advance(40 * DAY)
  await app.tidy()
  expect(await eventsIn(app)).toBe(0)
})

test('what is too old, and too much for one run, goes with the next ones, a second apart', async () => {
  const app = await testApp()
  await store(app, 12_000, '{}')
  app.clock.advance(40 * DAY)
  await app.tidy()
  const left = await eventsIn(app)
  expect(left).toBeGreaterThan(0)
  app.clock.advance(SECOND)
  await app.tidy()
  expect(await eventsIn(app)).toBe(0)
})
