import { Client } from 'pg'
import { expect, onTestFinished, test } from 'vitest'
import { migrate } from '../../db/migrate.ts'
import { claimHead } from '../../db/queries/dispatch.ts'
import { readMigrations } from '../../server/node/migrations.ts'
import { openPostgres } from '../../server/node/postgres.ts'
import { quiet } from '../support/log.ts'
import { newDatabase } from '../support/postgres.ts'

test('while another process claims the head of an ordered line, nobody claims the one behind it', async () => {
  const url = await newDatabase()
  const db = await openPostgres({ url, log: quiet })
  onTestFinished(() => db.close())
  await migrate(db, await readMigrations())
  const row = {
    webhook_id: 'whk_a',
    site_id: 'sit_main',
    type: 'thing',
    test: 0,
    state: 'pending',
    attempts: 0,
  } as const
  await db.commit(
    [1, 2].map((seq) =>
      db.q
        .insertInto('delivery')
        .values({ ...row, id: `dlv_${seq}`, event_id: `evt_${seq}`, seq, due_at: seq, created_at: seq } as never),
    ),
  )
  const other = new Client({ connectionString: url })
  await other.connect()
  onTestFinished(() => other.end())
  await other.query('begin')
  await other.query("update delivery set state = 'delivering', due_at = 1000, lease_owner = 'other' where id = 'dlv_1'")
  const claim = db.commit([claimHead(db, { webhook: 'whk_a', now: 10, lease: 2000, owner: 'me' })])
  const waits = "select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
  await expect.poll(async () => (await other.query(waits)).rowCount).toBe(1)
  await other.query('commit')
  const [claimed] = await claim
  expect(claimed?.rows).toEqual([])
})
