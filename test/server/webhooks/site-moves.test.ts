import { expect, test, vi } from 'vitest'
import {
  archiveWebhooks,
  moveDeliveries,
  movingSites,
  retireWebhooks,
  wakeWebhooks,
} from '../../../db/queries/site-state.ts'
import { updateSite } from '../../../db/queries/sites.ts'
import { moveSites } from '../../../server/webhooks/site-moves.ts'
import { testApp } from '../../support/app.ts'

vi.setConfig({ testTimeout: 30_000 })

const EVENTS = 600

/** A site with 600 events that wait at a webhook of its own and at one of the network; another site has some as well. */
async function network() {
  const app = await testApp()
  const { db, host } = app.deps
  const [shop, other] = [await app.site('shop'), await app.site('other')]
  await app.webhook({ url: 'https://books.example/' })
  await app.webhook({ url: 'https://books.example/' }, shop)
  const data = host.eventType('payment_received')?.sample ?? {}
  for (const site of [shop, other, shop]) {
    const event = { type: 'payment_received', site, data, source: 'plugin:test' }
    await host.emit(Array.from({ length: EVENTS / 2 }, () => event))
  }
  const states = async (site = shop) => {
    const rows = await db.q
      .selectFrom('delivery')
      .select(['state', (eb) => eb.fn.countAll<number>().as('count')])
      .where('site_id', '=', site)
      .groupBy('state')
      .execute()
    return Object.fromEntries(rows.map(({ state, count }) => [state, count]))
  }
  return { ...app, db, shop, other, states }
}

test('the deliveries of a site follow it in steps, also after a crash in between', async () => {
  const { db, deps, shop, other, states } = await network()
  expect(await states()).toEqual({ pending: 2 * EVENTS })
  await db.commit([updateSite(db, shop, { state: 'archived' }), ...archiveWebhooks(db, shop)])
  expect(await states()).toEqual({ pending: 2 * EVENTS })
  await moveSites(deps)
  expect(await states()).toEqual({ held: 2 * EVENTS })
  expect(await movingSites(db)).toEqual([])

  await db.commit([updateSite(db, shop, { state: 'active' }), ...wakeWebhooks(db, shop)])
  await moveSites(deps)
  expect(await states()).toEqual({ pending: 2 * EVENTS })

  await db.commit([updateSite(db, shop, { state: 'deleted' }), ...retireWebhooks(db, shop)])
  await moveSites(deps)
  expect(await states()).toEqual({ cancelled: 2 * EVENTS })
  expect(await states(other)).toEqual({ pending: EVENTS / 2 })
})

test('a step that was decided before the site changed again does nothing', async () => {
  const { db, deps, shop, states } = await network()
  await db.commit([updateSite(db, shop, { state: 'archived' }), ...archiveWebhooks(db, shop)])
  const [archived] = await movingSites(db)
  if (!archived) throw new Error('The site does not move.')
  await db.commit([updateSite(db, shop, { state: 'active' }), ...wakeWebhooks(db, shop)])
  await db.commit(moveDeliveries(db, archived, 0, 1))
  expect(await states()).toEqual({ pending: 2 * EVENTS })
  await moveSites(deps)
  await db.commit(moveDeliveries(db, archived, 0, 1))
  expect(await states()).toEqual({ pending: 2 * EVENTS })
  expect(await movingSites(db)).toEqual([])
})
