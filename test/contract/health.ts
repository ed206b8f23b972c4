import { beforeAll, describe, expect, test } from 'vitest'
import type { Db } from '../../db/db.ts'
import {
  databaseBytes,
  insecureWebhooks,
  longestDue,
  newestEventAt,
  openBreakers,
  queueCounts,
  webhooksIn,
} from '../../db/queries/health.ts'
import { mailInTrouble } from '../../db/queries/mail.ts'
import { MINUTE } from '../../server/lib/clock.ts'
import type { HealthChange } from '../../server/webhooks/judge.ts'
import { sendMail, writeMail, type Mail } from '../../server/webhooks/mail.ts'
import { addPerson, worldOn, type World } from '../support/world.ts'

const change: HealthChange = {
  webhook: 'whk_1',
  name: 'Order desk',
  owner: 'network',
  change: 'recovered',
  reason: null,
  failures: 0,
  since: null,
}

/** What the Health page asks and how mail waits, which rest on what the engine can. */
export function healthContract(engine: string, size: number | null, open: () => Promise<Db>): void {
  describe(`health and mail on ${engine}`, () => {
    let db: Db
    let world: World
    beforeAll(async () => {
      db = await open()
      world = await worldOn(db)
    })

    test('the Health page asks of an empty database, and of its size', async () => {
      expect(await longestDue(db, 1)).toBeNull()
      expect(await newestEventAt(db)).toBeNull()
      expect(await queueCounts(db)).toEqual({ due: 0, retrying: 0, batched: 0, held: 0 })
      expect([
        await webhooksIn(db, 'disabled', ['x']),
        await openBreakers(db),
        await insecureWebhooks(db, 'http://own.example/bin/'),
      ]).toEqual([[], [], []])
      const bytes = await databaseBytes(db)
      if (size === null) expect(bytes).toBeNull()
      else expect(bytes).toBeGreaterThan(size)
    })

    test('a mail waits until it was taken, and goes once though two look for it at once', async () => {
      const sent: Mail[] = []
      let down = true
      const mailer = async (mail: Mail) => {
        await Promise.resolve()
        if (down) throw new Error('nobody there')
        sent.push(mail)
      }
      const product = { ...world, mailer }
      await addPerson(world, { email: 'a@example.com' })
      await addPerson(world, { email: 'b@example.com', role: 'viewer' })
      await db.commit(writeMail(product, [change, { ...change, webhook: 'whk_2' }]))
      await sendMail(product)
      expect((await mailInTrouble(db))?.error).toContain('nobody there')
      down = false
      world.time.now += MINUTE
      await Promise.all([sendMail(product), sendMail(product)])
      expect(sent.map(({ to }) => to)).toEqual(['a@example.com', 'a@example.com'])
      expect(new Set(sent.map(({ text }) => text)).size).toBe(2)
      expect(await mailInTrouble(db)).toBeUndefined()
      await sendMail(product)
      expect(sent).toHaveLength(2)
    })
  })
}
