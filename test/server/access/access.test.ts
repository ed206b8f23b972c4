import { beforeEach, expect, test, vi } from 'vitest'
import { personById } from '../../../db/queries/people.ts'
import { changePassword, changePerson, removePerson } from '../../../server/access/people.ts'
import { DAY, MINUTE } from '../../../server/lib/clock.ts'
import { ADDRESS, actorOf, addPerson, logIn, openWorld, PASSWORD, type World } from '../../support/people.ts'

// Up to a dozen passwords are hashed in each, which is slow on purpose.
vi.setConfig({ testTimeout: 30_000 })

let world: World
beforeEach(async () => {
  world = await openWorld()
})

const person = async (id: string) => {
  const found = await personById(world.db, id)
  if (!found) throw new Error('no such person')
  return found
}

test('a log-in gives a session that says who is asking and what they may do', async () => {
  await addPerson(world, { email: 'viewer@example.com', name: 'Vera', role: 'viewer' })
  const { cookie } = await logIn(world, 'viewer@example.com')
  const actor = await actorOf(world, cookie)
  expect(actor).toMatchObject({ kind: 'user', name: 'Vera', owner: 'network', address: ADDRESS })
  expect([...(actor?.capabilities ?? [])].sort()).toEqual(['deliveries:read', 'events:read', 'webhooks:read'])
})

test('a site admin is bound to the site', async () => {
  const actor = await addPerson(world, { email: 'site@example.com', role: 'site_admin', siteId: 'sit_main' })
  expect(actor.owner).toBe('sit_main')
  expect(actor.capabilities.has('webhooks:write')).toBe(true)
  expect(actor.capabilities.has('network:read')).toBe(false)
})

test('without a cookie, with a forged one or a session of another secret there is nobody', async () => {
  await addPerson(world, { email: 'a@example.com' })
  const { cookie } = await logIn(world, 'a@example.com')
  expect(await actorOf(world, '')).toBeNull()
  expect(await actorOf(world, cookie.replace(/.{6}$/, 'AAAA%3D'))).toBeNull()
  expect(await actorOf(await openWorld(), cookie)).toBeNull()
})

test('a log-in never keeps a session id that the browser came with, and ends that session', async () => {
  await addPerson(world, { email: 'a@example.com' })
  const before = await logIn(world, 'a@example.com')
  const after = await logIn(world, 'a@example.com', PASSWORD, before.cookie)
  expect(after.cookie).not.toBe(before.cookie)
  expect(await actorOf(world, before.cookie)).toBeNull()
  expect(await actorOf(world, after.cookie)).not.toBeNull()
})

test('a session ends after 14 days, however much it is used', async () => {
  await addPerson(world, { email: 'a@example.com' })
  const { cookie } = await logIn(world, 'a@example.com')
  world.time.now += 14 * DAY - 1
  expect(await actorOf(world, cookie)).not.toBeNull()
  world.time.now += 1
  expect(await actorOf(world, cookie)).toBeNull()
})

test('a log-out ends the session and takes the cookie back', async () => {
  await addPerson(world, { email: 'a@example.com' })
  const { cookie } = await logIn(world, 'a@example.com')
  const cookies = await world.access.logout(new Headers({ cookie }))
  expect(cookies.some((line) => /session_token=;.*max-age=0/i.test(line))).toBe(true)
  expect(await actorOf(world, cookie)).toBeNull()
})

test('cookies are for this host alone with https, and never for scripts', async () => {
  const secure = await openWorld({ PUBLIC_URL: 'https://hooks.example.com' })
  await addPerson(secure, { email: 'a@example.com' })
  const { login, cookie } = await logIn(secure, 'a@example.com')
  expect(await actorOf(secure, cookie)).not.toBeNull()
  const line = login.ok ? login.cookies[0] : ''
  expect(line).toMatch(/^__Host-hookline/)
  expect(line).toMatch(/; Path=\//i)
  for (const flag of [/; HttpOnly/i, /; Secure/i, /; SameSite=Lax/i]) expect(line).toMatch(flag)
  expect(line).not.toMatch(/Domain/i)
})

test('a wrong password and an unknown account get the same answer', async () => {
  await addPerson(world, { email: 'a@example.com' })
  const wrong = await logIn(world, 'a@example.com', 'not the password')
  const unknown = await logIn(world, 'nobody@example.com', 'not the password')
  const junk = await logIn(world, 'not an address', 'x'.repeat(500))
  expect(wrong.login).toEqual({ ok: false, wait: 0, left: 4 })
  expect(unknown.login).toEqual(wrong.login)
  expect(junk.login).toEqual(wrong.login)
})

test('five wrong tries shut the door to this account from this address, for known and unknown ones alike', async () => {
  await addPerson(world, { email: 'a@example.com' })
  for (const email of ['a@example.com', 'nobody@example.com']) {
    for (let n = 0; n < 5; n++) await logIn(world, email, 'not the password')
    const { login } = await logIn(world, email)
    expect(login).toMatchObject({ ok: false, wait: 15 * 60 * 1000 })
  }
  world.time.now += 15 * 60 * 1000
  expect((await logIn(world, 'a@example.com')).login.ok).toBe(true)
})

test('a right password starts the count afresh', async () => {
  await addPerson(world, { email: 'a@example.com' })
  for (let round = 0; round < 2; round++) {
    for (let n = 0; n < 4; n++) await logIn(world, 'a@example.com', 'not the password')
    expect((await logIn(world, 'a@example.com')).login.ok).toBe(true)
  }
})

test('who is kept out at one address may come in from another, and who was turned away need not wait longer for it', async () => {
  await addPerson(world, { email: 'a@example.com' })
  const email = 'a@example.com'
  for (let n = 0; n < 5; n++) await logIn(world, email, 'not the password')
  world.time.now += 14 * MINUTE
  for (let n = 0; n < 6; n++) expect((await logIn(world, email)).login).toMatchObject({ ok: false, wait: MINUTE })
  const elsewhere = { email, password: PASSWORD, remember: true, address: '192.0.2.8' }
  expect((await world.access.login(new Headers(), elsewhere)).ok).toBe(true)
  world.time.now += MINUTE
  expect((await logIn(world, email)).login.ok).toBe(true)
})

test('a password that is asked for again is tried as seldom as at the log-in', async () => {
  const anna = await addPerson(world, { email: 'a@example.com' })
  expect(await world.access.confirm(anna, PASSWORD)).toMatchObject({ ok: true, person: { id: anna.id } })
  for (let n = 0; n < 5; n++) expect((await world.access.confirm(anna, 'not the password')).ok).toBe(false)
  expect(await world.access.confirm(anna, PASSWORD)).toMatchObject({ ok: false, wait: 15 * MINUTE })
})

test('tries at the same moment are all counted', async () => {
  await addPerson(world, { email: 'a@example.com' })
  const tries = await Promise.all(Array.from({ length: 12 }, () => logIn(world, 'a@example.com', 'not the password')))
  expect(tries.filter(({ login }) => !login.ok && login.wait === 0)).toHaveLength(5)
})

test('a new password ends every session of that person, and of no other', async () => {
  const anna = await addPerson(world, { email: 'a@example.com' })
  await addPerson(world, { email: 'b@example.com' })
  const [first, second, other] = await Promise.all(
    ['a@example.com', 'a@example.com', 'b@example.com'].map((email) => logIn(world, email)),
  )
  await changePassword(world, anna, await person(anna.id), 'another password')
  expect(await actorOf(world, first?.cookie ?? '')).toBeNull()
  expect(await actorOf(world, second?.cookie ?? '')).toBeNull()
  expect(await actorOf(world, other?.cookie ?? '')).not.toBeNull()
  expect((await logIn(world, 'a@example.com')).login.ok).toBe(false)
  expect((await logIn(world, 'a@example.com', 'another password')).login.ok).toBe(true)
})

test('a new role ends the sessions that had the old one', async () => {
  const anna = await addPerson(world, { email: 'a@example.com' })
  const vera = await addPerson(world, { email: 'v@example.com', role: 'viewer' })
  const { cookie } = await logIn(world, 'v@example.com')
  await changePerson(world, anna, await person(vera.id), { role: 'integration_admin', siteId: 'network' })
  expect(await actorOf(world, cookie)).toBeNull()
  const again = await actorOf(world, (await logIn(world, 'v@example.com')).cookie)
  expect(again?.capabilities.has('webhooks:write')).toBe(true)
})

test('the last super admin can be neither deleted nor demoted, also by two at once', async () => {
  const anna = await addPerson(world, { email: 'a@example.com' })
  const bo = await addPerson(world, { email: 'b@example.com' })
  const results = await Promise.allSettled([
    removePerson(world, anna, await person(bo.id)),
    changePerson(world, bo, await person(anna.id), { role: 'viewer', siteId: 'network' }),
  ])
  expect(results.map((result) => result.status).sort()).toEqual(['fulfilled', 'rejected'])
  const left = await person(results[0].status === 'fulfilled' ? anna.id : bo.id)
  await expect(removePerson(world, bo, left)).rejects.toMatchObject({ code: 'conflict' })
  await expect(changePerson(world, anna, left, { role: 'viewer', siteId: 'network' })).rejects.toThrow(
    'This is the last super admin.',
  )
  expect((await logIn(world, left.email)).login.ok).toBe(true)
})

test('a deleted person cannot come back: sessions and password are gone, the log keeps the name', async () => {
  const anna = await addPerson(world, { email: 'a@example.com' })
  const vera = await addPerson(world, { email: 'v@example.com', name: 'Vera', role: 'viewer' })
  const { cookie } = await logIn(world, 'v@example.com')
  await removePerson(world, anna, await person(vera.id))
  expect(await actorOf(world, cookie)).toBeNull()
  expect((await logIn(world, 'v@example.com')).login.ok).toBe(false)
  const entry = await world.db.q.selectFrom('audit').selectAll().where('action', '=', 'user.deleted').executeTakeFirst()
  expect(entry?.before).toContain('Vera')
  expect(entry?.actor_name).toBe(anna.name)
})

test('an e-mail address belongs to one account', async () => {
  await addPerson(world, { email: 'a@example.com' })
  await expect(addPerson(world, { email: 'a@example.com' })).rejects.toMatchObject({ code: 'conflict' })
})
