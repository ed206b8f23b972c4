import { beforeAll, describe, expect, test } from 'vitest'
import type { Db } from '../../db/db.ts'
import { keysById } from '../../db/queries/api-keys.ts'
import { binsById } from '../../db/queries/bins.ts'
import { hourlyOf, statesOf } from '../../db/queries/deliveries.ts'
import { peopleById } from '../../db/queries/people.ts'
import { countOfSites, siteNames } from '../../db/queries/sites.ts'
import { sourcesById } from '../../db/queries/sources.ts'
import {
  endedDeliveries,
  latestDeliveries,
  listWebhooks,
  webhooksAfter,
  webhooksById,
  webhooksThatAsk,
} from '../../db/queries/webhooks.ts'
import { plainDraft } from '../../server/webhooks/draft.ts'
import { createWebhook } from '../../server/webhooks/lifecycle.ts'
import { worldOn } from '../support/world.ts'

/** As many rows as a page can have. */
const MOST = 100
const ids = Array.from({ length: MOST }, (_, n) => `whk_${String(n).padStart(3, '0')}`)

/** What the longest pages ask about their rows, which rests on how much an engine takes at once. */
export function listsContract(engine: string, open: () => Promise<Db>): void {
  describe(`a page of ${MOST} rows on ${engine}`, () => {
    let db: Db
    beforeAll(async () => {
      db = await open()
      const world = await worldOn(db)
      for (const id of ids) {
        const draft = { ...plainDraft, name: id, url: 'https://books.example/', events: ['payment_received', id] }
        const made = await createWebhook(world, draft, { id, owner: 'network', by: 'usr_1', room: null })
        await db.commit(made.statements)
      }
    })

    test('of webhooks has each with its events, in their order', async () => {
      const page = await listWebhooks(db, { owner: null, sort: 'name', descending: false, limit: MOST, offset: 0 })
      expect(page.map(({ id }) => id)).toEqual(ids)
      expect(page.every(({ id, events }) => events.join() === `payment_received,${id}`)).toBe(true)
      const [first, ...more] = await webhooksAfter(db, null, null, MOST)
      expect(first).toMatchObject({ id: ids.at(-1), events: ['payment_received', ids.at(-1)] })
      expect(more).toHaveLength(MOST - 1)
    })

    test('tells how its webhooks, events and sites did', async () => {
      await db.commit([
        db.q.insertInto('delivery_hour').values({ webhook_id: ids[7] ?? '', hour: 1, delivered: 2, failed: 1 }),
      ])
      expect(await hourlyOf(db, ids, 0)).toMatchObject([{ webhook_id: ids[7], delivered: 2 }])
      expect([...(await endedDeliveries(db, ids))]).toEqual([[ids[7], 3]])
      expect(await latestDeliveries(db, ids)).toEqual([])
      expect(await statesOf(db, ids, 'sit_main')).toEqual([])
      expect([...(await siteNames(db, [...ids, 'sit_main']))]).toEqual([['sit_main', 'Main site']])
      expect((await countOfSites(db, ids)).get(ids[0] ?? '')).toEqual({ webhooks: 0, people: 0 })
    })

    test('gives those of its rows that whoever asks may see, and says which ask back', async () => {
      const mine = await webhooksById(db, [...ids, 'whk_none'])
      expect(mine.map(({ id, events }) => [id, events]).sort()).toEqual(ids.map((id) => [id, ['payment_received', id]]))
      expect(await webhooksById(db, ids, 'sit_main')).toEqual([])
      expect(await webhooksThatAsk(db, ids)).toEqual(new Set())
      const [far = '', ...near] = ids
      await db.commit([db.q.updateTable('webhook').set({ owner: 'sit_gone' }).where('id', '=', far)])
      expect(await webhooksThatAsk(db, ids)).toEqual(new Set([far]))
      expect(await webhooksById(db, near.slice(0, 1), 'sit_gone')).toEqual([])
      expect((await webhooksById(db, ids, 'sit_gone')).map(({ id }) => id)).toEqual([far])
      for (const read of [binsById, keysById, peopleById, sourcesById])
        expect(await read(db, ids, 'sit_main')).toEqual([])
    })
  })
}
