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

/** From now on the database refuses to do this with a table. */
const refuse = ({ deps: { db } }: TestApp, what: 'insert on audit' | 'delete on audit') =>
  db.commit([
    sql`create trigger refuse before ${sql.raw(what)} begin select raise(abort, 'not today'); end`.compile(db.q),
  ])

test('old tries are forgotten also while a key that ended cannot be followed', async () => {
  const app = await testApp()
  const { db } = app.deps
  await app.client()
  await db.commit([
    db.q.updateTable('api_key').set({ expires_at: app.clock.now() }),
    db.q.insertInto('throttle').values({ key: 'somebody', at: app.clock.now() - DAY, id: 'thr_1' }),
  ])
  await refuse(app, 'insert on audit')
  await app.tidy()
  expect(await db.q.selectFrom('throttle').selectAll().execute()).toEqual([])
})

test('what is too old goes also while something else of its age cannot go', async () => {
  const app = await testApp()
  const { db } = app.deps
  await app.login()
  const file = { id: 'imp_1', n: 0, user_id: 'usr_1', cipher: '', created_at: app.clock.now() }
  await db.commit([db.q.insertInto('import_file').values(file)])
  await refuse(app, 'delete on audit')
  app.clock.advance(10 * 365 * DAY)
  await app.tidy()
  expect(await db.q.selectFrom('audit').selectAll().execute()).not.toEqual([])
  expect(await db.q.selectFrom('import_file').selectAll().execute()).toEqual([])
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
