import { sql } from 'kysely'
import { beforeAll, expect, test } from 'vitest'
import type { Db } from '../../../db/db.ts'
import { openMigratedD1 } from '../../support/d1.ts'

let db: Db
beforeAll(async () => void (db = await openMigratedD1()))

const list = (length: number) => sql`select 1 in (${sql.join(Array.from({ length }, () => 1))}) as found`
const value = (bytes: number) => sql`select length(${'x'.repeat(bytes)}) as length`
const refusal = (sentence: string) => ({ kind: 'broken', message: expect.stringContaining(sentence) as string })

test('refuses more than 100 parameters, which D1 refuses in production only', async () => {
  expect((await list(100).execute(db.q)).rows).toEqual([{ found: 1 }])
  await expect(list(101).execute(db.q)).rejects.toMatchObject(refusal('101 parameters'))
  await expect(db.commit([list(101).compile(db.q)])).rejects.toMatchObject(refusal('101 parameters'))
})

test('refuses a value of more than 1.9 MB, counted in bytes', async () => {
  expect((await value(1_900_000).execute(db.q)).rows).toEqual([{ length: 1_900_000 }])
  await expect(value(1_900_001).execute(db.q)).rejects.toMatchObject(refusal('1900000 bytes in parameter 1'))
  const wide = sql`select length(${'漢'.repeat(700_000)}) as length`
  await expect(wide.execute(db.q)).rejects.toMatchObject(refusal('1900000 bytes in parameter 1'))
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
