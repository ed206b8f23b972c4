import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Db } from '../../db/db.ts'
import { keyById, personById, type Person } from '../../db/queries/access.ts'
import { createKey, ensureSetupKey, revoke } from '../../server/access/api-keys.ts'
import { auditEntry, sealAudit, checkAudit } from '../../server/access/audit.ts'
import { changeRole, removePerson } from '../../server/access/people.ts'
import { ensureSetup, finishSetup, swapSetupToken } from '../../server/access/setup.ts'
import { tickAccess } from '../../server/access/tick.ts'
import { HOUR } from '../../server/lib/clock.ts'
import { ADDRESS, PASSWORD, actorOf, addPerson, logIn, worldOn, type World } from '../support/world.ts'

const SETUP_API_KEY = 'a-key-of-the-operator-with-many-letters'

/** What about people and keys rests on the engine: better-auth on our Kysely, and rules that hold for two at once. */
export function accessContract(engine: string, open: () => Promise<Db>): void {
  describe(`people and keys on ${engine}`, () => {
    let db: Db
    let world: World
    beforeAll(async () => {
      db = await open()
    })
    beforeEach(async () => {
      await db.commit([
        ...(['user', 'session', 'account', 'api_key', 'audit', 'throttle', 'setting'] as const).map((table) =>
          db.q.deleteFrom(table),
        ),
        db.q.updateTable('counter').set({ value: 0 }).where('name', '=', 'audit'),
      ])
      world = await worldOn(db, { SETUP_API_KEY })
    })

    const person = async (id: string): Promise<Person> => {
      const found = await personById(db, id)
      if (!found) throw new Error('no such person')
      return found
    }

    test('a session is known from log-in to log-out', async () => {
      const anna = await addPerson(world, { email: 'a@example.com' })
      const { cookie } = await logIn(world, 'a@example.com')
      expect(await actorOf(world, cookie)).toEqual(anna)
      await world.access.logout(new Headers({ cookie }))
      expect(await actorOf(world, cookie)).toBeNull()
    })

    test('of twelve tries at once five are looked at, and the next must wait', async () => {
      const tries = await Promise.all(
        Array.from({ length: 12 }, () => logIn(world, 'a@example.com', 'not the password')),
      )
      expect(tries.filter(({ login }) => !login.ok && login.wait === 0)).toHaveLength(5)
      expect((await logIn(world, 'a@example.com')).login).toMatchObject({ ok: false, wait: HOUR / 4 })
    })

    test('of two super admins who take each other out at once, one is left', async () => {
      const anna = await addPerson(world, { email: 'a@example.com' })
      const bo = await addPerson(world, { email: 'b@example.com' })
      const results = await Promise.allSettled([
        removePerson(world, anna, await person(bo.id)),
        changeRole(world, bo, await person(anna.id), 'viewer', 'network'),
      ])
      expect(results.map((result) => result.status).sort()).toEqual(['fulfilled', 'rejected'])
      expect(await db.q.selectFrom('user').select('id').where('role', '=', 'super_admin').execute()).toHaveLength(1)
    })

    test('set-up happens once, however many finish it at once, and tells of one account', async () => {
      const url = new URL((await ensureSetup(world)) ?? 'none:')
      const token = url.searchParams.get('token') ?? ''
      const passes = await Promise.all([1, 2, 3].map(() => swapSetupToken(world, token)))
      expect(passes.filter((pass) => pass !== null)).toHaveLength(1)
      const finished = await Promise.all(
        ['a', 'b', 'c'].map((name) =>
          finishSetup(world, { name, email: `${name}@example.com`, password: PASSWORD, network: 'Nordlys' }),
        ),
      )
      expect(finished.filter(Boolean)).toHaveLength(1)
      const [first, ...others] = await db.q.selectFrom('user').select('id').execute()
      expect(others).toEqual([])
      const events = await db.q.selectFrom('event').select('payload').where('type', '=', 'account_created').execute()
      expect(events.filter(({ payload }) => payload.includes(first?.id ?? 'nobody'))).toHaveLength(1)
    })

    test('two who seal the audit log at once leave one sound chain', async () => {
      const by = { id: 'usr_1', name: 'Anna', address: ADDRESS }
      const write = () =>
        db.commit(auditEntry(world, by, { action: 'site.updated', target: 'sit_main', owner: 'network' }))
      await Promise.all(Array.from({ length: 12 }, write))
      await Promise.all([sealAudit(world), sealAudit(world), write().then(() => sealAudit(world))])
      expect(await db.q.selectFrom('audit').select('seq').where('hash', 'is', null).execute()).toEqual([])
      expect(await checkAudit(world, null, 1000)).toMatchObject({ broken: null, done: true })
      await db.commit([db.q.updateTable('audit').set({ actor_name: 'Bo' }).where('seq', '=', 7)])
      expect(await checkAudit(world, null, 1000)).toMatchObject({ broken: 7 })
    })

    test('a key opens, is noted as used, and ends; the one of the operator is made once', async () => {
      const anna = await addPerson(world, { email: 'a@example.com' })
      const { id, secret } = await createKey(world, anna, {
        name: 'Shop',
        scopes: ['events:write'],
        owner: 'network',
        expiresAt: null,
      })
      expect(await world.access.byKey(`Bearer ${secret}`, ADDRESS)).toMatchObject({ id, owner: 'network' })
      const key = await keyById(db, id)
      expect(key?.last_used_at).toBe(world.time.now)
      if (key) await revoke(world, anna, key)
      expect(await world.access.byKey(`Bearer ${secret}`, ADDRESS)).toBeNull()
      await Promise.all([ensureSetupKey(world), ensureSetupKey(world)])
      expect(await world.access.byKey(`Bearer ${SETUP_API_KEY}`, ADDRESS)).toMatchObject({ name: 'SETUP_API_KEY' })
    })

    test('old tries and ended sessions are forgotten, others are not', async () => {
      await addPerson(world, { email: 'a@example.com' })
      await logIn(world, 'nobody@example.com', 'not the password')
      const rows = async () => [
        (await db.q.selectFrom('throttle').select('id').execute()).length,
        (await db.q.selectFrom('session').select('id').execute()).length,
      ]
      await tickAccess(world)
      expect(await rows()).toEqual([3, 1])
      world.time.now += 15 * 24 * HOUR
      await tickAccess(world)
      expect(await rows()).toEqual([0, 0])
    })
  })
}
