import { sql } from 'kysely'
import { expect, onTestFinished, test } from 'vitest'
import { migrate, statements } from '../../db/migrate.ts'
import { openSqlite } from '../../server/node/sqlite.ts'
import { quiet } from '../support/log.ts'

async function open() {
  const db = await openSqlite({ file: ':memory:', log: quiet })
  onTestFinished(() => db.close())
  const names = async () => (await sql<{ name: string }>`select name from fruit order by name`.execute(db.q)).rows
  return { db, names }
}
const fruit = { name: '0001_fruit.sql', sql: "create table fruit (name text unique); insert into fruit values ('fig')" }

test('applies the files that are new, in their order, and notes them as wrangler does', async () => {
  const { db, names } = await open()
  expect(await migrate(db, [fruit])).toEqual(['0001_fruit.sql'])
  const pear = { name: '0002_pear.sql', sql: "insert into fruit values ('pear');" }
  expect(await migrate(db, [fruit, pear])).toEqual(['0002_pear.sql'])
  expect(await names()).toEqual([{ name: 'fig' }, { name: 'pear' }])
  const { rows } = await sql`select id, name, length(applied_at) as length from d1_migrations`.execute(db.q)
  expect(rows).toEqual([
    { id: 1, name: '0001_fruit.sql', length: 19 },
    { id: 2, name: '0002_pear.sql', length: 19 },
  ])
})

test('applies a file whole or not at all, and stops there', async () => {
  const { db, names } = await open()
  const broken = { name: '0002_broken.sql', sql: "insert into fruit values ('pear'); insert into fruit values ('fig')" }
  const after = { name: '0003_after.sql', sql: "insert into fruit values ('plum')" }
  await expect(migrate(db, [fruit, broken, after])).rejects.toThrow('UNIQUE')
  expect(await names()).toEqual([{ name: 'fig' }])
  expect(await migrate(db, [fruit])).toEqual([])
})

test('splits a file at its semicolons, but not at those in texts, names and comments', () => {
  const text = `-- first; not a statement
    insert into a values ('x; -- y', 'it''s;'); /* no;
    more */ create table "b;c" (d text default '');
    select 4 / 2 - 1;;`
  expect(statements(text)).toEqual([
    "insert into a values ('x; -- y', 'it''s;')",
    `create table "b;c" (d text default '')`,
    'select 4 / 2 - 1',
  ])
})
