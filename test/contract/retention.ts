import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Db } from '../../db/db.ts'
import { insertRows } from '../../db/rows.ts'
import type { DeliveryState } from '../../db/schema.ts'
import { DAY, HOUR, MINUTE } from '../../server/lib/clock.ts'
import { quiet } from '../support/log.ts'
import { purge } from '../../server/webhooks/retention.ts'

/** What of the log goes by its age, and what has to wait until it has ended. */
export function retentionContract(engine: string, open: () => Promise<Db>): void {
  describe(`the log on ${engine}`, () => {
    let db: Db
    const time = { now: 0 }
    beforeAll(async () => void (db = await open()))
    beforeEach(async () => {
      time.now = 100 * DAY
      const tables = ['event', 'delivery', 'body', 'attempt', 'setting'] as const
      await db.commit(tables.map((table) => db.q.deleteFrom(table)))
    })

    const tidy = async () => {
      while (await purge({ db, clock: () => time.now, log: quiet })) time.now += 1000
    }

    const eventRow = (seq: number) => ({
      id: `evt_${seq}`,
      seq,
      type: 'payment_received',
      site_id: 'sit_main',
      payload: '{}',
      source: 'api:test',
      fingerprint: '',
      test: 0,
      hops: 0,
      occurred_at: 1,
      created_at: time.now - 31 * DAY,
      heard_at: 1,
    })
    const deliveryRow = (seq: number, webhook: string, state: DeliveryState, batch: string | null = null) => ({
      id: `dlv_${seq}_${webhook}`,
      seq,
      event_id: `evt_${seq}`,
      webhook_id: webhook,
      site_id: 'sit_main',
      type: 'payment_received',
      test: 0,
      state,
      attempts: 1,
      due_at: ['pending', 'delivering', 'retrying'].includes(state) && batch === null ? time.now : null,
      created_at: 1,
      batch_id: batch,
    })
    const bodyRow = (owner: string) => ({ owner_id: owner, format_key: 'standard', text: '{}' })
    const attemptRow = (delivery: string) => ({
      id: `att_${delivery}`,
      delivery_id: delivery,
      number: 1,
      started_at: 1,
      duration_ms: 1,
      outcome: 'ok' as const,
      request_headers: '[]',
      response_headers: '[]',
      response_body: '',
      body_truncated: 0,
      redelivery: 0,
    })

    type Delivery = ReturnType<typeof deliveryRow>
    /** Old events, with these deliveries of them, and a body and an attempt of each. */
    async function store(events: readonly number[], deliveries: readonly Delivery[]) {
      await db.commit([
        ...insertRows(db, 'event', events.map(eventRow) as never[]),
        ...insertRows(db, 'body', events.map((seq) => bodyRow(`evt_${seq}`)) as never[]),
        ...insertRows(db, 'delivery', deliveries as never[]),
        ...insertRows(db, 'attempt', deliveries.map(({ id }) => attemptRow(id)) as never[]),
      ])
    }
    const idsOf = async (table: 'event' | 'delivery' | 'attempt') =>
      (await db.q.selectFrom(table).select('id').execute()).map(({ id }) => id).sort()
    const bodies = async () =>
      (await db.q.selectFrom('body').select('owner_id').execute()).map((row) => row.owner_id).sort()
    const end = (id: string) =>
      db.commit([db.q.updateTable('delivery').set({ state: 'delivered', due_at: null }).where('id', '=', id)])

    test('what is still open is kept with its event, its bytes and its attempts, until it has ended', async () => {
      const open = [
        deliveryRow(1, 'a', 'pending'),
        deliveryRow(2, 'a', 'delivering'),
        deliveryRow(3, 'a', 'retrying'),
        deliveryRow(4, 'a', 'held'),
        deliveryRow(5, 'a', 'pending', ''),
        deliveryRow(5, 'b', 'delivered'),
      ]
      const over = (['delivered', 'failed', 'cancelled'] as const).map((state, n) => deliveryRow(6 + n, 'a', state))
      await store([1, 2, 3, 4, 5, 6, 7, 8, 9], [...open, ...over])
      await tidy()
      const kept = ['evt_1', 'evt_2', 'evt_3', 'evt_4', 'evt_5']
      expect([await idsOf('event'), await bodies()]).toEqual([kept, kept])
      expect(await idsOf('delivery')).toEqual(open.map(({ id }) => id).sort())
      expect(await idsOf('attempt')).toEqual(open.map(({ id }) => `att_${id}`).sort())

      for (const { id } of open) await end(id)
      time.now += 2 * HOUR
      await tidy()
      expect([await idsOf('event'), await bodies()]).toEqual([[], []])
      expect([await idsOf('delivery'), await idsOf('attempt')]).toEqual([[], []])
    })

    test('a batch that is retried keeps its bytes and its events', async () => {
      const batch = { ...deliveryRow(2, 'a', 'retrying'), id: 'bat_1', event_id: 'bat_1', type: 'batch' }
      const member = (seq: number) => deliveryRow(seq, 'a', 'retrying', 'bat_1')
      await store([1, 2], [batch, member(1), member(2)])
      await db.commit(insertRows(db, 'body', [bodyRow('bat_1')]))
      await tidy()
      expect(await idsOf('delivery')).toEqual(['bat_1', 'dlv_1_a', 'dlv_2_a'])
      expect(await bodies()).toEqual(['bat_1', 'evt_1', 'evt_2'])
      for (const id of await idsOf('delivery')) await end(id)
      time.now += 2 * HOUR
      await tidy()
      expect([await idsOf('delivery'), await bodies()]).toEqual([[], []])
    })

    test('hundreds that are held in front of it keep nothing else from going', async () => {
      const numbers = Array.from({ length: 1300 }, (_, n) => n + 1)
      const stateOf = (seq: number) => (seq <= 1200 ? 'held' : 'delivered')
      await store(
        numbers,
        numbers.map((seq) => deliveryRow(seq, 'a', stateOf(seq))),
      )
      await tidy()
      expect(await idsOf('event')).toHaveLength(1200)
      // They are not looked at again each minute.
      await end('dlv_7_a')
      time.now += MINUTE
      await tidy()
      expect(await idsOf('event')).toHaveLength(1200)
      time.now += HOUR
      await tidy()
      expect(await idsOf('event')).toHaveLength(1199)
    })
  })
}
