import { sql } from 'kysely'
import { beforeAll, describe, expect, test } from 'vitest'
import type { Db } from '../../../db/db.ts'
import { prepared, rowFields } from '../../../db/prepared.ts'
import { openMigratedD1 } from '../../support/d1.ts'

let db: Db
beforeAll(async () => void (db = await openMigratedD1()))

const list = (length: number) => sql`select 1 in (${sql.join(Array.from({ length }, () => 1))}) as found`
const value = (bytes: number) => sql`select length(${'x'.repeat(bytes)}) as length`
const refusal = (sentence: string, kind = 'broken') => ({ kind, message: expect.stringContaining(sentence) as string })

test('refuses more than 100 parameters, which D1 refuses in production only', async () => {
  expect((await list(100).execute(db.q)).rows).toEqual([{ found: 1 }])
  await expect(list(101).execute(db.q)).rejects.toMatchObject(refusal('101 parameters'))
  await expect(db.commit([list(101).compile(db.q)])).rejects.toMatchObject(refusal('101 parameters'))
})

test('refuses a value of more than 1.9 MB, counted in bytes', async () => {
  const tooLarge = refusal('1900000 bytes in parameter 1', 'too_large')
  expect((await value(1_900_000).execute(db.q)).rows).toEqual([{ length: 1_900_000 }])
  await expect(value(1_900_001).execute(db.q)).rejects.toMatchObject(tooLarge)
  const wide = sql`select length(${'漢'.repeat(700_000)}) as length`
  await expect(wide.execute(db.q)).rejects.toMatchObject(tooLarge)
})

test('refuses more than 100 KB of SQL', async () => {
  const long = sql.raw(`select 1 -- ${'x'.repeat(100_000)}`)
  await expect(long.execute(db.q)).rejects.toMatchObject(refusal('100000 bytes'))
})

test('refuses more than 50 statements in a commit', async () => {
  const one = value(1).compile(db.q)
  expect(await db.commit(Array.from({ length: 50 }, () => one))).toHaveLength(50)
  await expect(db.commit(Array.from({ length: 51 }, () => one))).rejects.toMatchObject(refusal('51 statements'))
})

describe('rows that are too large for one value', () => {
  const insert = prepared((on, json) => {
    const of = rowFields(on, sql`r.value`)
    return sql`insert into setting (name, value) select ${of('name')}, ${of('value')} from ${on.dialect.rows(json)} as r
      where true on conflict (name) do update set value = excluded.value returning name`
  })
  const rows = (count: number, text: string) =>
    Array.from({ length: count }, (_, n) => ({ name: `large-${n}`, value: text }))
  const raise = () => sql`update counter set value = value + 1 where name = 'audit' returning value`.compile(db.q)

  test('come in pieces, and give one result in its place', async () => {
    const text = 'ü"'.repeat(200_000)
    const [first, second, third] = await db.commit([raise(), insert(db, rows(7, text)), raise()])
    expect(first?.rows).toEqual([{ value: 1 }])
    expect(second).toEqual({ rows: rows(7, '').map(({ name }) => ({ name })), changes: 7 })
    expect(third?.rows).toEqual([{ value: 2 }])
    const kept = await db.q.selectFrom('setting').select('value').where('name', 'like', 'large-%').execute()
    expect(kept).toEqual(rows(7, text).map(({ value }) => ({ value })))
  })

  test('are stored all or none', async () => {
    const fails = sql`insert into must (ok) values (0)`.compile(db.q)
    await expect(db.commit([insert(db, rows(7, 'x'.repeat(500_000))), fails])).rejects.toMatchObject({
      kind: 'constraint',
    })
    const kept = await db.q.selectFrom('setting').select('value').where('value', 'like', 'xxx%').execute()
    expect(kept).toEqual([])
  })

  test('are too large where they take more pieces than a commit, or one of them is more than a value', async () => {
    await expect(db.commit([insert(db, rows(51, 'x'.repeat(1_000_000)))])).rejects.toMatchObject(
      refusal('51 statements', 'too_large'),
    )
    await expect(db.commit([insert(db, rows(2, 'x'.repeat(1_900_001)))])).rejects.toMatchObject(
      refusal('1900000 bytes', 'too_large'),
    )
  })
})
