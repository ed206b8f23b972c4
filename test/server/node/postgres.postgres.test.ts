import { sql } from 'kysely'
import { Client } from 'pg'
import { expect, onTestFinished, test } from 'vitest'
import type { Db } from '../../../db/db.ts'
import { migrate } from '../../../db/migrate.ts'
import { readMigrations } from '../../../server/node/migrations.ts'
import { openPostgres, tuneAutovacuum } from '../../../server/node/postgres.ts'
import { quiet } from '../../support/log.ts'
import { newDatabase } from '../../support/postgres.ts'

async function open(): Promise<{ db: Db; url: string }> {
  const url = await newDatabase()
  const db = await openPostgres({ url, log: quiet })
  onTestFinished(() => db.close())
  await migrate(db, await readMigrations())
  return { db, url }
}

const set = (db: Db, name: string, value: string) =>
  sql`update setting set value = ${value} where name = ${name}`.compile(db.q)

test('runs a commit again that the server stopped to end a deadlock', async () => {
  const { db } = await open()
  await db.commit(['a', 'b'].map((name) => db.q.insertInto('setting').values({ name, value: '' })))
  const pause = sql`select pg_sleep(0.1)`.compile(db.q)
  await Promise.all([
    db.commit([set(db, 'a', '1'), pause, set(db, 'b', '1')]),
    db.commit([set(db, 'b', '2'), pause, set(db, 'a', '2')]),
  ])
  const rows = await db.q.selectFrom('setting').select('value').execute()
  expect(new Set(rows.map(({ value }) => value)).size).toBe(1)
})

test('is busy while its connections are cut, and works again with new ones', async () => {
  const { db, url } = await open()
  const client = new Client({ connectionString: url })
  await client.connect()
  onTestFinished(() => client.end())
  const cut = () =>
    client.query(
      'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
    )
  const slow = db.commit([
    db.q.insertInto('setting').values({ name: 'lost', value: '' }),
    sql`select pg_sleep(30)`.compile(db.q),
  ])
  const refused = expect(slow).rejects.toMatchObject({ kind: 'busy' })
  await expect
    .poll(
      async () =>
        (
          await client.query(
            "select 1 from pg_stat_activity where query like '%pg_sleep(30)%' and pid <> pg_backend_pid()",
          )
        ).rowCount,
    )
    .toBe(1)
  await cut()
  await refused
  expect(await db.q.selectFrom('setting').selectAll().execute()).toEqual([])
})

test('says that no server answers', async () => {
  await expect(openPostgres({ url: 'postgres://nobody@127.0.0.1:1/none', log: quiet })).rejects.toMatchObject({
    kind: 'busy',
  })
})

test('cleans the hot tables up early, and leaves alone what somebody set by hand', async () => {
  const { db } = await open()
  await db.commit([sql`alter table webhook set (autovacuum_enabled = false)`.compile(db.q)])
  const options = async (table: string) =>
    (await sql<{ reloptions: string[] | null }>`select reloptions from pg_class where relname = ${table}`.execute(db.q))
      .rows[0]?.reloptions
  for (let starts = 0; starts < 2; starts++) await tuneAutovacuum(db, quiet)
  expect(await options('delivery')).toContain('autovacuum_vacuum_scale_factor=0.01')
  expect(await options('webhook')).toEqual(['autovacuum_enabled=false'])
  expect(await options('site')).toBeNull()
})
