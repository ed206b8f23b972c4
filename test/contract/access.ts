import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Db } from '../../db/db.ts'
import {
  countPeople,
  insertPerson,
  people,
  personById,
  type PeopleFilter,
  type PeoplePage,
  type Person,
} from '../../db/queries/people.ts'
import { countKeys, keyById, keyPage, type KeyFilter } from '../../db/queries/api-keys.ts'
import { auditActions, auditEntries, type AuditFilter } from '../../db/queries/audit.ts'
import { dueMail } from '../../db/queries/mail.ts'
import {
  countOfSites,
  countSites,
  insertSite,
  listSites,
  updateSite,
  type Site,
  type SitePosition,
} from '../../db/queries/sites.ts'
import { createKey, ensureSetupKey } from '../../server/access/api-keys.ts'
import { revoke } from '../../server/access/key-end.ts'
import { auditEntry, sealAudit, checkAudit } from '../../server/access/audit.ts'
import { changePerson, removePerson } from '../../server/access/people.ts'
import { giveLink, holderOf, mailReset, newLink, setPasswordByPass, swapLink } from '../../server/access/links.ts'
import { beginTwoFactor, confirmTwoFactor, takeCode, twoFactorOf } from '../../server/access/two-factor.ts'
import { codeAt, stepAt } from '../../server/access/totp.ts'
import { timeZones } from '../../server/access/network-settings.ts'
import { scopes } from '../../server/access/roles.ts'
import { ensureSetup, finishSetup, swapSetupToken } from '../../server/access/setup.ts'
import { forgetOld } from '../../server/access/forget-old.ts'
import type { Actor } from '../../server/lib/actor.ts'
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
        ...(
          [
            'user',
            'session',
            'account',
            'api_key',
            'audit',
            'throttle',
            'setting',
            'one_time_link',
            'two_factor',
            'recovery_code',
            'mail',
          ] as const
        ).map((table) => db.q.deleteFrom(table)),
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
        changePerson(world, bo, await person(anna.id), { role: 'viewer', siteId: 'network' }),
      ])
      expect(results.map((result) => result.status).sort()).toEqual(['fulfilled', 'rejected'])
      expect(await db.q.selectFrom('user').select('id').where('role', '=', 'super_admin').execute()).toHaveLength(1)
    })

    const key: Actor = {
      kind: 'key',
      id: 'key_desk',
      name: 'Desk',
      address: ADDRESS,
      owner: 'network',
      capabilities: new Set(scopes),
    }
    const integrations = { role: 'integration_admin', siteId: 'network' } as const

    test('a key changes and deletes people before there is any super admin', async () => {
      const { id } = await addPerson(world, { email: 'v@example.com', role: 'viewer' })
      await changePerson(world, key, await person(id), integrations)
      expect(await person(id)).toMatchObject(integrations)
      await removePerson(world, key, await person(id))
      expect(await personById(db, id)).toBeUndefined()
    })

    test('a key that meets somebody who was just made a super admin changes nothing', async () => {
      const anna = await addPerson(world, { email: 'a@example.com' })
      const seen = await person((await addPerson(world, { email: 'b@example.com', role: 'viewer' })).id)
      await changePerson(world, anna, seen, { role: 'super_admin', siteId: 'network' })
      const now = await person(seen.id)
      const forbidden = { code: 'forbidden', detail: { text: expect.stringContaining('A key neither makes') } }
      await expect(changePerson(world, key, seen, integrations)).rejects.toMatchObject(forbidden)
      await expect(changePerson(world, key, seen, { ...seen, name: 'King' })).rejects.toMatchObject(forbidden)
      await expect(removePerson(world, key, seen)).rejects.toMatchObject(forbidden)
      expect(await person(seen.id)).toEqual(now)
      const written = await db.q.selectFrom('audit').select('id').where('actor_id', '=', key.id).execute()
      expect(written).toEqual([])
    })

    test('a link that a key asked for is not made for who has another role by now, and none outlives a role', async () => {
      const anna = await addPerson(world, { email: 'a@example.com' })
      const seen = await person((await addPerson(world, { email: 'b@example.com', role: 'viewer' })).id)
      const token = new URL(await giveLink(world, key, seen, 'reset')).searchParams.get('token') ?? ''
      await changePerson(world, anna, seen, { role: 'super_admin', siteId: 'network' })
      await expect(giveLink(world, key, seen, 'reset')).rejects.toMatchObject({ code: 'conflict' })
      expect(await swapLink(world, token)).toBeNull()
      const now = await person(seen.id)
      await expect(giveLink(world, key, now, 'reset')).rejects.toMatchObject({ code: 'forbidden' })
      expect(await giveLink(world, anna, now, 'reset')).toContain('token=')
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

    test('a link opens once, however many open it at once, and sets one password', async () => {
      const anna = await addPerson(world, { email: 'a@example.com' })
      const { url, statements } = await newLink(world, anna, await person(anna.id), 'invite')
      await db.commit(statements)
      const token = new URL(url).searchParams.get('token') ?? ''
      const passes = (await Promise.all([1, 2, 3].map(() => swapLink(world, token)))).filter((pass) => pass !== null)
      expect(passes).toHaveLength(1)
      const [pass = ''] = passes
      const holder = await holderOf(world, pass)
      expect(holder).toMatchObject({ id: anna.id, kind: 'invite' })
      if (!holder) return
      const set = (password: string) => setPasswordByPass(world, holder, pass, password, ADDRESS)
      expect(await Promise.all([set('another password'), set('a third password')])).toContain(true)
      expect(await set('a fourth password')).toBe(false)
      expect(await holderOf(world, pass)).toBeNull()
    })

    test('a reset is mailed to whom it is for, and to nobody for an address that nobody has', async () => {
      const anna = await addPerson(world, { email: 'a@example.com' })
      await mailReset(world, 'nobody@example.com')
      expect(await dueMail(db, world.time.now)).toEqual([])
      await mailReset(world, 'a@example.com')
      expect(await dueMail(db, world.time.now)).toMatchObject([{ user_id: anna.id, email: 'a@example.com', tries: 0 }])
      expect(await db.q.selectFrom('one_time_link').select(['user_id', 'opened']).execute()).toEqual([
        { user_id: anna.id, opened: 0 },
      ])
    })

    test('a second factor locks a session until a code came, and takes each code once', async () => {
      const anna = await addPerson(world, { email: 'a@example.com' })
      const who = await person(anna.id)
      await beginTwoFactor(world, anna.id)
      await beginTwoFactor(world, anna.id)
      const standing = await twoFactorOf(world, anna.id)
      const secret = standing.state === 'pending' ? standing.secret : ''
      const code = (steps: number) => codeAt(secret, stepAt(world.time.now) + steps)
      expect(await confirmTwoFactor(world, anna, who, '000 000')).toBeNull()
      const sent = await Promise.all(
        [code(-1), code(-1)].map(async (typed) => confirmTwoFactor(world, anna, who, await typed)),
      )
      const [recovery, ...more] = sent.filter((codes) => codes !== null)
      expect([recovery?.length, more.length]).toEqual([10, 0])
      await beginTwoFactor(world, anna.id)
      expect(await twoFactorOf(world, anna.id)).toEqual({ state: 'on', codesLeft: 10 })
      const { login, cookie } = await logIn(world, 'a@example.com')
      expect(login).toMatchObject({ ok: true, needsCode: true })
      expect(await actorOf(world, cookie)).toBeNull()
      const enter = (typed: string) => world.access.enterCode(new Headers({ cookie }), typed, ADDRESS)
      expect(await enter(await code(-1))).toMatchObject({ ok: false })
      expect(await enter(await code(0))).toEqual({ ok: true })
      expect(await actorOf(world, cookie)).toEqual(anna)
      const twice = await code(1)
      const taken = await Promise.all([takeCode(world, anna.id, twice), takeCode(world, anna.id, twice)])
      expect(taken.filter(Boolean)).toHaveLength(1)
      const one = recovery?.[0] ?? ''
      const used = await Promise.all([takeCode(world, anna.id, one), takeCode(world, anna.id, one)])
      expect(used.filter(Boolean)).toHaveLength(1)
    })

    test('people are listed by pages, by role and by what they are called, in either order, and counted', async () => {
      const at = '2026-01-01T00:00:00.000Z'
      const rows = [
        { id: 'usr_1', name: 'adam', email: 'zoe@example.com', role: 'super_admin' as const },
        { id: 'usr_2', name: 'Bo', email: 'b@example.com', role: 'viewer' as const },
        { id: 'usr_3', name: 'Cy', email: 'c@example.com', role: 'viewer' as const },
      ]
      await db.commit(rows.map((row) => insertPerson(db, { ...row, siteId: 'network', locale: null, at })))
      const names = async (filter: PeopleFilter, page: Partial<PeoplePage> = {}) =>
        (await people(db, filter, { sort: 'name', descending: false, limit: 2, offset: 0, ...page })).map(
          ({ name, hasPassword, twoFactor }) => [name, Number(hasPassword), Number(twoFactor)].join(' '),
        )
      expect(await names({})).toEqual(['adam 0 0', 'Bo 0 0'])
      expect(await names({}, { offset: 2 })).toEqual(['Cy 0 0'])
      expect(await names({ role: 'viewer' }, { descending: true })).toEqual(['Cy 0 0', 'Bo 0 0'])
      expect(await names({ search: 'ZOE@' }, { sort: 'createdAt' })).toEqual(['adam 0 0'])
      expect(await countPeople(db, {})).toEqual({ super_admin: 1, integration_admin: 0, site_admin: 0, viewer: 2 })
      expect(await countPeople(db, { search: 'bo' })).toMatchObject({ super_admin: 0, viewer: 1 })
    })

    test('keys are listed by pages, by whether they open and by what they are called, and counted', async () => {
      const anna = await addPerson(world, { email: 'a@example.com', name: 'Anna' })
      const { now } = world.time
      const make = (name: string, expiresAt: number | null = null) =>
        createKey(world, anna, { name, scopes: ['events:read'], owner: 'network', expiresAt })
      await make('Shop')
      await make('Old', now)
      const { id } = await make('Gone')
      const gone = await keyById(db, id)
      if (gone) await revoke(world, anna, gone)
      const first = { sort: 'name', descending: false, limit: 2, offset: 0 } as const
      const names = async (filter: Partial<KeyFilter>, page: Partial<typeof first> = {}) =>
        (await keyPage(db, { owner: null, now, ...filter }, { ...first, ...page })).map(({ name }) => name)
      expect(await names({})).toEqual(['Gone', 'Old'])
      expect(await names({ view: 'active' })).toEqual(['Shop'])
      expect(await names({ view: 'expired' })).toEqual(['Old'])
      expect(await names({ view: 'revoked', search: 'ANNA' })).toEqual(['Gone'])
      expect(await names({ owner: 'sit_other' })).toEqual([])
      expect(await countKeys(db, { owner: 'network', now })).toEqual({ active: 1, expired: 1, revoked: 1 })
      expect(await countKeys(db, { owner: null, search: 'sho', now })).toEqual({ active: 1, expired: 0, revoked: 0 })
    })

    test('sites are listed by pages in either order, and counted', async () => {
      const rows = Array.from({ length: 5 }, (_, n) => ({
        id: `sit_${n}`,
        slug: `s-${n}`,
        name: `Same`,
        created_at: n + 1,
      }))
      await db.commit(rows.map((row) => insertSite(db, row)))
      await db.commit([updateSite(db, 'sit_4', { state: 'archived' })])
      const walk = async (sort: 'name' | 'created_at', descending: boolean) => {
        const found: string[] = []
        for (let after: SitePosition | null = null; ;) {
          const part: Site[] = await listSites(db, { search: 'SAME' }, { sort, descending, after, limit: 2 })
          const last = part.at(-1)
          if (!last) return found
          found.push(...part.map(({ id }) => id))
          after = { value: last[sort], id: last.id }
        }
      }
      const ids = rows.map(({ id }) => id)
      expect(await walk('name', false)).toEqual(ids)
      expect(await walk('created_at', true)).toEqual(ids.toReversed())
      expect(await countSites(db, { search: 's-' })).toEqual({ active: 4, archived: 1 })
      expect((await countOfSites(db, ['sit_0'])).get('sit_0')).toEqual({ webhooks: 0, people: 0 })
      await db.commit([db.q.deleteFrom('site').where('id', 'in', ids)])
    })

    test('the audit log is filtered, and knows its actions', async () => {
      const by = { id: 'usr_1', name: 'Anna', address: ADDRESS }
      const write = (action: string) =>
        db.commit(auditEntry(world, by, { action, target: 'sit_main', owner: 'network' }))
      await write('site.updated')
      world.time.now += 3 * HOUR
      await write('site.updated')
      await write('user.created')
      const of = async (filter: AuditFilter) =>
        (await auditEntries(db, filter, { limit: 10 })).map(({ seq }) => Number(seq))
      expect(await auditActions(db)).toEqual(['site.updated', 'user.created'])
      expect(await of({})).toEqual([3, 2, 1])
      expect(await of({ since: world.time.now - HOUR, action: 'site.updated' })).toEqual([2])
      expect(await of({ until: world.time.now - HOUR })).toEqual([1])
      expect(await of({ text: 'CREATED', actor: 'Anna' })).toEqual([3])
      expect(await of({ actor: 'usr_1', owner: 'sit_main' })).toEqual([])
    })

    test('the time zones of the world are known', () => {
      expect(timeZones()).toEqual(expect.arrayContaining(['UTC', 'Europe/Oslo', 'America/New_York']))
    })

    test('old tries and ended sessions are forgotten, others are not', async () => {
      await addPerson(world, { email: 'a@example.com' })
      await logIn(world, 'nobody@example.com', 'not the password')
      const rows = async () => [
        (await db.q.selectFrom('throttle').select('id').execute()).length,
        (await db.q.selectFrom('session').select('id').execute()).length,
      ]
      await forgetOld(world)
      expect(await rows()).toEqual([3, 1])
      world.time.now += 15 * 24 * HOUR
      await forgetOld(world)
      expect(await rows()).toEqual([0, 0])
    })
  })
}
