import { expect, test } from 'vitest'
import { measured } from '../../db/latency.ts'
import { openSqlite } from '../../server/node/sqlite.ts'
import { quiet } from '../support/log.ts'

test('tells how long commits took that somebody waited for, and of the last 500 alone', async () => {
  let now = 0
  const inner = await openSqlite({ file: ':memory:', log: quiet })
  const { db, latency } = measured(inner, () => now)
  const commit = async (ms: number, lasting?: 'written') => {
    const committed = db.commit([], lasting)
    now += ms
    await committed
  }
  expect(latency()).toBeNull()
  await commit(9000, 'written')
  expect(latency()).toBeNull()
  for (let ms = 1; ms <= 100; ms++) await commit(ms)
  expect(latency()).toEqual({ p50: 50, p95: 95, count: 100 })
  for (let n = 0; n < 600; n++) await commit(7)
  expect(latency()).toEqual({ p50: 7, p95: 7, count: 500 })
  await inner.close()
})

test('a commit that fails is told to whoever waits for it, and is not measured', async () => {
  const inner = await openSqlite({ file: ':memory:', log: quiet })
  const { db, latency } = measured(inner, () => 0)
  await expect(db.commit([{ sql: 'nonsense', rows: [] }])).rejects.toThrow()
  expect(latency()).toBeNull()
  await inner.close()
})
