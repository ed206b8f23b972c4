import { beforeAll, describe, expect, test } from 'vitest'
import type { Db, Statement } from '../../db/db.ts'
import { SENDING_OFF } from '../../db/queries/outbox.ts'
import { newId } from '../../server/lib/ids.ts'
import { plainDraft } from '../../server/webhooks/draft.ts'
import type { Born } from '../../server/webhooks/engine.ts'
import { createWebhook, removeWebhook, retireWebhook } from '../../server/webhooks/lifecycle.ts'
import { recordEvents, type FinishedEvent } from '../../server/webhooks/outbox.ts'
import { switchSending } from '../../server/webhooks/sending.ts'
import { updateWebhook, webhookById } from '../../db/queries/webhooks.ts'
import { worldOn, type World } from '../support/world.ts'

const LEASE = { owner: 'own_1', until: 2_000_000_000_000 }

/** What is planned before a commit, and what stands after it, when somebody changes the network in between. */
export function outboxContract(engine: string, open: () => Promise<Db>): void {
  describe(`deliveries that are born with a lease, on ${engine},`, () => {
    let world: World
    beforeAll(async () => void (world = await worldOn(await open())))

    /** Two webhooks that want an event of a type of their own. */
    async function twoWebhooks(type: string): Promise<[string, string]> {
      const ids: [string, string] = [newId('whk', world), newId('whk', world)]
      for (const id of ids) {
        const draft = { ...plainDraft, name: id, url: 'https://books.example/', events: [type] }
        const made = await createWebhook(world, draft, { id, owner: 'network', by: 'usr_1', room: null })
        await world.db.commit(made.statements)
      }
      return ids
    }
    const eventOf = (type: string, key: string | null = null): FinishedEvent => ({
      id: newId('evt', world),
      type,
      siteId: 'sit_main',
      siteSlug: 'main',
      data: { n: 1 },
      source: 'api:test',
      key,
      fingerprint: key ?? '',
      occurredAt: 1,
      hops: 0,
      trace: null,
      lane: 'realtime',
      rejected: null,
      ordinaryListeners: false,
    })
    const change = async (list: readonly Statement[] | Promise<readonly Statement[]>) => world.db.commit(await list)

    /** Plans it, lets `meanwhile` happen, and commits. Tells what was handed over, and what stands of the delivery of each webhook. */
    async function record(event: FinishedEvent, meanwhile: () => Promise<unknown> = async () => {}) {
      const taken: Born[] = []
      const handOver = {
        lease: () => LEASE,
        expect: () => {},
        take: (born: readonly Born[]) => void taken.push(...born),
      }
      const { statements, read } = await recordEvents(world, [event], handOver)
      await meanwhile()
      const [recorded] = read(await world.db.commit(statements))
      const rows = await world.db.q
        .selectFrom('delivery')
        .select(['webhook_id', 'state', 'lease_owner', 'due_at', 'reason'])
        .where('event_id', '=', event.id)
        .execute()
      return {
        recorded,
        taken: taken.map(({ webhookId }) => webhookId).sort(),
        stored: new Map(rows.map(({ webhook_id: id, ...row }) => [id, row])),
      }
    }
    const delivering = { state: 'delivering', lease_owner: LEASE.owner, due_at: LEASE.until, reason: null }
    const held = (reason: string) => ({ state: 'held', lease_owner: null, due_at: null, reason })

    test('all go straight to a slot while nothing changes', async () => {
      const [a, b] = await twoWebhooks('quiet')
      const { recorded, taken, stored } = await record(eventOf('quiet'))
      expect(recorded).toMatchObject({ deliveries: 2, duplicate: false })
      expect(taken).toEqual([a, b].sort())
      expect([stored.get(a), stored.get(b)]).toEqual([delivering, delivering])
    })

    test('and so do they when a webhook got another name meanwhile', async () => {
      const [a, b] = await twoWebhooks('renamed')
      const { recorded, taken } = await record(eventOf('renamed'), () =>
        change(updateWebhook(world.db, a, { name: 'Books', updated_at: 2 })),
      )
      expect(recorded?.deliveries).toBe(2)
      expect(taken).toEqual([a, b].sort())
    })

    test('one is held when its webhook was disabled meanwhile', async () => {
      const [a, b] = await twoWebhooks('disabled')
      const { recorded, taken, stored } = await record(eventOf('disabled'), () =>
        change(updateWebhook(world.db, a, { state: 'disabled', state_reason: 'Broken.', updated_at: 2 })),
      )
      expect(recorded?.deliveries).toBe(2)
      expect(taken).toEqual([b])
      expect([stored.get(a), stored.get(b)]).toEqual([held('Broken.'), delivering])
    })

    test('one is not made when its webhook was retired or deleted meanwhile', async () => {
      const [a, b] = await twoWebhooks('retired')
      const first = await record(eventOf('retired'), () => change(retireWebhook(world, a)))
      expect(first.recorded?.deliveries).toBe(1)
      expect(first.taken).toEqual([b])
      expect([...first.stored.keys()]).toEqual([b])

      const second = await record(eventOf('retired'), async () => {
        const webhook = await webhookById(world.db, b)
        if (webhook) await change(removeWebhook(world, webhook, { knows: true }))
      })
      expect(second.recorded?.deliveries).toBe(0)
      expect(second.taken).toEqual([])
      expect(second.stored.size).toBe(0)
    })

    test('none is made of an event whose key was used before', async () => {
      const [a, b] = await twoWebhooks('keyed')
      const event = eventOf('keyed', 'once')
      expect(await record(event)).toMatchObject({ recorded: { id: event.id, deliveries: 2 }, taken: [a, b].sort() })
      const again = await record(eventOf('keyed', 'once'))
      expect(again.recorded).toEqual({ id: event.id, deliveries: 2, duplicate: true })
      expect(again.taken).toEqual([])
      expect(again.stored.size).toBe(0)
    })

    test('all are held when sending was switched off meanwhile', async () => {
      const [a, b] = await twoWebhooks('off')
      const { recorded, taken, stored } = await record(eventOf('off'), () => change(switchSending(world, false)))
      await change(switchSending(world, true))
      expect(recorded?.deliveries).toBe(2)
      expect(taken).toEqual([])
      expect([stored.get(a), stored.get(b)]).toEqual([held(SENDING_OFF), held(SENDING_OFF)])
    })
  })
}
