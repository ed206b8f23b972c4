import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'

const folder = new URL('../../db/queries/', import.meta.url)
const sources = readdirSync(folder).map((name) => ({ name, text: readFileSync(new URL(name, folder), 'utf8') }))

/** The texts of what `prepared`, `eachRow` and so on are given, up to the end of the statement. */
const madeWith = (how: RegExp) =>
  sources.flatMap(({ name, text }) =>
    text
      .split(/\n(?=(?:export )?(?:const|function|async function|interface|type) )/)
      .filter((part) => how.test(part))
      .map((part) => [`${name}: ${/const (\w+)/.exec(part)?.[1]}`, part] as const),
  )

const hot = madeWith(/= (?:prepared|eachRow)\(/)
const steady = madeWith(/= steadyRead[<(]/)
const tablesOf = (sql: string): string[] =>
  [...sql.matchAll(/\b(?:from|join) ([a-z_]+)\b/g)].map(([, table = '']) => table)

describe('a hot statement', () => {
  const remembered = new Set(steady.flatMap(([, sql]) => tablesOf(sql)))

  test('is told from what steady reads remember', () => {
    expect([...remembered].sort()).toEqual(['counter', 'site'])
    expect(hot.length).toBeGreaterThan(20)
  })

  test.each(hot)('%s changes nothing that a steady read tells', (_, sql) => {
    const changed = [...sql.matchAll(/\b(?:insert into|update|delete from) ([a-z_]+)\b/g)].map(
      ([, table = '']) => table,
    )
    const own = changed.filter((table) => remembered.has(table))
    // The number of events is a counter that no steady read looks at.
    expect(own.filter((table) => !(table === 'counter' && sql.includes("name = 'event'")))).toEqual([])
  })
})
