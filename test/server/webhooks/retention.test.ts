import { sql } from 'kysely'
import { expect, onTestFinished, test, vi } from 'vitest'
import type { Database } from '../../../db/schema.ts'
import { setSetting } from '../../../db/queries/settings.ts'
import { DAY, isoTime, MINUTE } from '../../../server/lib/clock.ts'
import { plainSigning } from '../../../server/webhooks/sign.ts'
import { switchSending } from '../../../server/webhooks/sending.ts'
import { testApp, type TestApp } from '../../support/app.ts'
import { startReceiver } from '../../support/receiver.ts'

vi.setConfig({ testTimeout: 30_000 })

type Table = keyof Database

/** What is kept until somebody deletes it, or is a matter of a few rows. */
const stays: readonly Table[] = [
  'must',
  'counter',
  'setting',
  'site',
  'webhook',
  'webhook_event',
  'user',
  'account',
  'two_factor',
  'recovery_code',
  'user_screen',
  'bin',
  'api_key',
  'api_key_old',
  'farewell',
  'plugin_state',
  'plugin_site',
  'plugin_cron',
  'plugin_crash',
  'plugin_record',
  'plugin_index',
  'plugin_guard',
  'plugin_mute',
  'source',
  'source_stranger',
]

/** What goes with its event, and is made by sending one. */
const withEvents: readonly Table[] = ['event', 'body', 'delivery', 'attempt', 'delivery_hour', 'delivery_hour_bucket']

/** What goes by its own age, as a row of a time. */
const byAge = {
  webhook_secret: (at, id) => ({
    id,
    webhook_id: 'unsaved',
    kind: 'v1',
    cipher: '',
    created_by: 'usr_1',
    created_at: at,
    expires_at: null,
    taken_at: null,
  }),
  session: (at, id) => ({
    id,
    expiresAt: isoTime(at + DAY),
    token: id,
    createdAt: isoTime(at),
    updatedAt: isoTime(at),
    ipAddress: null,
    userAgent: null,
    userId: 'usr_1',
  }),
  verification: (at, id) => ({
    id,
    identifier: id,
    value: '',
    expiresAt: isoTime(at + DAY),
    createdAt: isoTime(at),
    updatedAt: isoTime(at),
  }),
  one_time_link: (at, id) => ({ hash: id, kind: 'invite', user_id: 'usr_1', until: at + DAY, opened: 0 }),
  throttle: (at, id) => ({ key: 'login', at, id }),
  audit: (at, id) => ({
    id,
    seq: sql<number>`(select coalesce(max(seq), 0) + 1 from audit)`,
    at,
    actor_id: 'usr_1',
    actor_name: 'Anna',
    address: '',
    action: 'webhook.updated',
    target: 'whk_1',
    owner: 'network',
    before: null,
    after: null,
    hash: null,
  }),
  redelivery: (at, id) => ({
    id,
    webhook_id: 'whk_1',
    owner: 'network',
    after_seq: 0,
    until_seq: 0,
    total: 0,
    done: 0,
    state: 'finished',
    created_by: 'usr_1',
    created_at: at,
  }),
  plugin_fault: (at, id) => ({
    id,
    slug: 'shop',
    site_id: 'sit_main',
    handler: 'shop/on:order_paid#0',
    event_type: null,
    event_id: null,
    message: '',
    stack: '',
    duration_ms: 1,
    at,
    state: 'past',
  }),
  capture: (at, id) => ({
    id,
    bin_id: 'bin_1',
    at,
    method: 'POST',
    query: '',
    headers: '[]',
    hidden: null,
    body: '',
    bytes: 0,
    verdict: '',
    status: 200,
  }),
  import_file: (at, id) => ({ id, n: 0, user_id: 'usr_1', cipher: '', created_at: at }),
  source_log: (at, id) => ({ id, source_id: 'src_1', was_taken: 1, status: 202, reason: null, events: '[]', at }),
} satisfies Partial<Record<Table, (at: number, id: string) => object>>

/**
 * Tested where they are at home: mail is given up after three days, a held event goes with its event, and requests for
 * privacy forget whom they are about after a week.
 */
const elsewhere: readonly Table[] = ['mail', 'guard_hold', 'privacy_request', 'privacy_hit']

const countOf = async ({ deps: { db } }: TestApp, table: Table): Promise<number> => {
  const row = await db.q
    .selectFrom(table)
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow()
  return Number(row.count)
}

async function settle(app: TestApp): Promise<void> {
  for (let n = 0; n < 5; n++) {
    await app.deliver()
    await app.tidy()
    app.clock.advance(MINUTE)
  }
}

test('of every table it was decided how long its rows are kept', async () => {
  const { deps } = await testApp()
  const { rows } = await sql<{ name: string }>`select name from sqlite_master
    where type = 'table' and name not like 'sqlite_%' and name <> 'd1_migrations'`.execute(deps.db.q)
  const decided = [...stays, ...withEvents, ...Object.keys(byAge), ...elsewhere]
  expect(rows.map(({ name }) => name).sort()).toEqual(decided.sort())
})

test('what is old goes, of every kind, and what is young stays', async () => {
  const receiver = await startReceiver()
  onTestFinished(() => receiver.stop())
  const app = await testApp()
  const { db } = app.deps
  await app.webhook({ url: receiver.url })
  const make = async (id: string) => {
    await app.emit()
    await app.deliver()
    const rows = Object.entries(byAge).map(([table, row]) =>
      db.q.insertInto(table as Table).values(row(app.clock.now(), id) as never),
    )
    await db.commit(rows)
    await settle(app)
  }
  const tables = [...withEvents, ...(Object.keys(byAge) as Table[])]
  const counts = async () =>
    Object.fromEntries(await Promise.all(tables.map(async (name) => [name, await countOf(app, name)])))
  const once = Object.fromEntries(tables.map((name) => [name, 1]))

  await make('old')
  expect(await counts()).toEqual(once)
  app.clock.advance(366 * DAY)
  await make('young')
  expect(await counts()).toEqual(once)
  for (const table of Object.keys(byAge) as (keyof typeof byAge)[]) {
    const row = await db.q.selectFrom(table).selectAll().executeTakeFirstOrThrow()
    expect(Object.values(row), table).toContain('young')
  }
})

test('a redelivery that still runs is kept, however old', async () => {
  const app = await testApp()
  const { db } = app.deps
  const webhook = await app.webhook({ url: 'https://books.example/', active: false })
  const row = byAge.redelivery(app.clock.now(), 'red_1')
  await db.commit([db.q.insertInto('redelivery').values({ ...row, webhook_id: webhook, state: 'running' } as never)])
  app.clock.advance(40 * DAY)
  await settle(app)
  expect(await countOf(app, 'redelivery')).toBe(1)
})

test('each kind has its own days: requests in bins a week, events a month, the audit log a year', async () => {
  const receiver = await startReceiver()
  onTestFinished(() => receiver.stop())
  const app = await testApp()
  const { db } = app.deps
  await app.webhook({ url: receiver.url })
  await app.emit()
  await app.deliver()
  for (const table of ['capture', 'audit'] as const)
    await db.commit([db.q.insertInto(table).values(byAge[table](app.clock.now(), table) as never)])
  const left = async () => Promise.all((['capture', 'event', 'audit'] as const).map((table) => countOf(app, table)))
  app.clock.advance(6 * DAY)
  await settle(app)
  expect(await left()).toEqual([1, 1, 1])
  app.clock.advance(2 * DAY)
  await settle(app)
  expect(await left()).toEqual([0, 1, 1])
  app.clock.advance(24 * DAY)
  await settle(app)
  expect(await left()).toEqual([0, 0, 1])
  app.clock.advance(330 * DAY)
  await settle(app)
  expect(await left()).toEqual([0, 0, 1])
})

test('what a webhook signs and logs in with stays with it, however old', async () => {
  const app = await testApp()
  const { db } = app.deps
  const password = { auth: 'basic' as const, username: 'shop', password: 'wood', signing: plainSigning }
  const id = await app.webhook({ url: 'https://books.example/', ...password })
  const kinds = async () =>
    (await db.q.selectFrom('webhook_secret').select('kind').where('webhook_id', '=', id).execute()).map(
      ({ kind }) => kind,
    )
  app.clock.advance(400 * DAY)
  await settle(app)
  expect((await kinds()).sort()).toEqual(['password', 'v1'])
})

test('what waited for longer than it may be retried goes out once more when sending is on again, and then expires', async () => {
  const receiver = await startReceiver({ answer: () => ({ status: 500 }) })
  onTestFinished(() => receiver.stop())
  const app = await testApp()
  const { db } = app.deps
  await db.commit([setSetting(db, 'keep_days_events', '1'), setSetting(db, 'keep_days_answers', '1')])
  await app.webhook({ url: receiver.url })
  await app.emit()
  await app.deliver()
  const states = () => db.q.selectFrom('delivery').select(['state', 'attempts', 'reason']).execute()
  expect(await states()).toMatchObject([{ state: 'retrying', attempts: 1 }])
  await db.commit(switchSending(app.deps, false))
  app.clock.advance(6 * DAY)
  await settle(app)
  expect(await states()).toMatchObject([{ attempts: 1 }])
  await db.commit(switchSending(app.deps, true))
  await app.deliver()
  const reason = expect.stringContaining('The delivery has expired') as string
  expect(await states()).toMatchObject([{ state: 'failed', attempts: 2, reason }])
  expect(receiver.requests).toHaveLength(2)
})
