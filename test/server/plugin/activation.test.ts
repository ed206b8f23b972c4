import { expect, test } from 'vitest'
import { testHost } from 'hookline/plugin/test'
import type { Statement } from '../../../db/db.ts'
import { anybody, probe } from './probe.ts'

/** What switching a plugin on and off writes in a network of so many sites: statements, and rows that they touch. */
async function costAt(sites: number) {
  const host = await testHost(
    probe(({ cron, upgrade, route }) => {
      cron('0 * * * *', 'hourly', () => {})
      upgrade('1.0.0', () => {})
      route('POST /do', () => new Response(null, { status: 204 }))
    }),
  )
  const { db } = host.engine
  for (let from = 0; from < sites; from += 1000) {
    const values = Array.from({ length: Math.min(1000, sites - from) }, (_, i) => {
      const id = `sit_${String(from + i).padStart(5, '0')}`
      return { id, slug: id.replace('_', '-'), name: id, state: 'active' as const, created_at: 0 }
    })
    await db.commit([db.q.insertInto('site').values(values)])
  }
  const run = async (statements: readonly Statement[]) => {
    const results = await db.commit(statements)
    return { statements: statements.length, rows: results.reduce((sum, { changes }) => sum + changes, 0) }
  }
  const cost = [
    await run(await host.host.deactivate('probe')),
    await run(await host.host.activate('probe', 'sit_00003')),
    await run(await host.host.deactivate('probe', 'sit_00003')),
    await run(await host.host.activate('probe')),
    await run((await host.host.changeSettings('probe', null, {})).statements),
  ]
  return { host, cost }
}

test('a plugin that is on for all sites is not taken from one of them', async () => {
  const { host } = await testHost(probe(() => {}))
  await expect(host.deactivate('probe', 'sit_main')).rejects.toThrow(
    'The plugin Probe is active for all sites. Deactivate it for all of them first.',
  )
})

test('switching a plugin on costs the same for 10 sites and for 10,000', async () => {
  const [few, many] = [await costAt(10), await costAt(10_000)]
  expect(many.cost).toEqual(few.cost)
  expect(few.cost[3]).toMatchObject({ rows: 2 })

  // A site that is made later needs no step: the plugin answers there at once.
  const { host } = many
  const { db } = host.engine
  const made = { id: 'sit_new', slug: 'new', name: 'New', state: 'active' as const, created_at: 0 }
  await db.commit([db.q.insertInto('site').values(made)])
  const request = new Request('http://localhost/', { method: 'POST' })
  expect((await host.host.route('probe', '/do', 'sit_new', request, anybody))?.status).toBe(204)
}, 60_000)
