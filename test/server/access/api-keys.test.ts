import { beforeEach, expect, test } from 'vitest'
import { personById } from '../../../db/queries/people.ts'
import { keyById, keyList, oldOfKeys } from '../../../db/queries/api-keys.ts'
import { insertSite, updateSite } from '../../../db/queries/sites.ts'
import { createKey, ensureSetupKey, rotate } from '../../../server/access/api-keys.ts'
import { newId } from '../../../server/lib/ids.ts'
import { plainDraft } from '../../../server/webhooks/draft.ts'
import { createWebhook } from '../../../server/webhooks/lifecycle.ts'
import { webhookById } from '../../../db/queries/webhooks.ts'
import { revoke } from '../../../server/access/key-end.ts'
import { changePerson, removePerson } from '../../../server/access/people.ts'
import type { Actor } from '../../../server/lib/actor.ts'
import { DAY, MINUTE, SECOND } from '../../../server/lib/clock.ts'
import { ADDRESS, addPerson, openWorld, type World } from '../../support/people.ts'

let world: World
let anna: Actor
beforeEach(async () => {
  world = await openWorld()
  anna = await addPerson(world, { email: 'a@example.com' })
})

const whole = { name: 'Shop', scopes: ['events:write', 'webhooks:read'], owner: 'network', expiresAt: null }
const open = (secret: string) => world.access.byKey(`Bearer ${secret}`, ADDRESS)
const key = async (id: string) => {
  const found = await keyById(world.db, id)
  if (!found) throw new Error('no such key')
  return found
}
const person = async (id: string) => {
  const found = await personById(world.db, id)
  if (!found) throw new Error('no such person')
  return found
}

test('a key opens with just its scopes, and its secret is stored nowhere', async () => {
  const { id, secret } = await createKey(world, anna, whole)
  expect(secret).toMatch(/^hk_[\w-]{43}$/)
  const actor = await open(secret)
  expect(actor).toMatchObject({ kind: 'key', id, name: 'Shop', owner: 'network', address: ADDRESS })
  expect([...(actor?.capabilities ?? [])].sort()).toEqual(['events:write', 'webhooks:read'])
  const stored = JSON.stringify([await key(id), await world.db.q.selectFrom('audit').selectAll().execute()])
  expect(stored).not.toContain(secret.slice(8))
})

test.each(['', 'Bearer', 'Bearer hk_', 'Basic hk_abcdefghijklmnopqrstuvwxyz0123456789', `Bearer hk_${'a'.repeat(43)}`])(
  'nobody comes in with %j',
  async (authorization) => {
    await createKey(world, anna, whole)
    expect(await world.access.byKey(authorization, ADDRESS)).toBeNull()
  },
)

test('a key ends at its time, or when it is revoked', async () => {
  const short = await createKey(world, anna, { ...whole, expiresAt: world.time.now + DAY })
  const revoked = await createKey(world, anna, whole)
  await revoke(world, anna, await key(revoked.id))
  expect(await open(revoked.secret)).toBeNull()
  expect(await open(short.secret)).not.toBeNull()
  world.time.now += DAY
  expect(await open(short.secret)).toBeNull()
})

test('a key loses what its maker loses, and gets it back with the role', async () => {
  const bo = await addPerson(world, { email: 'b@example.com' })
  const { secret } = await createKey(world, bo, {
    ...whole,
    scopes: ['network:write', 'webhooks:write', 'webhooks:read'],
  })
  await changePerson(world, anna, await person(bo.id), { role: 'viewer', siteId: 'network' })
  expect([...((await open(secret))?.capabilities ?? [])]).toEqual(['webhooks:read'])
  await changePerson(world, anna, await person(bo.id), { role: 'site_admin', siteId: 'sit_main' })
  expect(await open(secret)).toMatchObject({
    owner: 'sit_main',
    capabilities: new Set(['webhooks:read', 'webhooks:write']),
  })
  await changePerson(world, anna, await person(bo.id), { role: 'super_admin', siteId: 'network' })
  expect((await open(secret))?.capabilities.has('network:write')).toBe(true)
})

test('a key of a site is no use to a maker who now has another site', async () => {
  const bo = await addPerson(world, { email: 'b@example.com' })
  const { secret } = await createKey(world, bo, { ...whole, owner: 'sit_main' })
  await world.db.commit([insertSite(world.db, { id: 'sit_two', slug: 'two', name: 'Two', created_at: 1 })])
  await changePerson(world, anna, await person(bo.id), { role: 'site_admin', siteId: 'sit_two' })
  expect(await open(secret)).toBeNull()
})

test('the keys of a deleted person die', async () => {
  const bo = await addPerson(world, { email: 'b@example.com' })
  const { id, secret } = await createKey(world, bo, whole)
  await removePerson(world, anna, await person(bo.id))
  expect(await open(secret)).toBeNull()
  expect((await key(id)).revoked_at).toBe(world.time.now)
})

test('a key of an archived site is refused with a reason, one of a deleted site is unknown', async () => {
  await world.db.commit([insertSite(world.db, { id: 'sit_two', slug: 'two', name: 'Two', created_at: 1 })])
  const { secret } = await createKey(world, anna, { ...whole, owner: 'sit_two' })
  expect(await open(secret)).toMatchObject({ owner: 'sit_two' })
  await world.db.commit([updateSite(world.db, 'sit_two', { state: 'archived' })])
  await expect(open(secret)).rejects.toMatchObject({ code: 'forbidden' })
  await world.db.commit([updateSite(world.db, 'sit_two', { state: 'deleted' })])
  expect(await open(secret)).toBeNull()
})

test('the last use is noted, at most once a minute', async () => {
  const { id, secret } = await createKey(world, anna, whole)
  expect((await key(id)).last_used_at).toBeNull()
  const first = world.time.now
  await open(secret)
  world.time.now += 59 * SECOND
  await open(secret)
  expect((await key(id)).last_used_at).toBe(first)
  world.time.now = first + MINUTE
  await open(secret)
  expect((await key(id)).last_used_at).toBe(first + MINUTE)
})

test('nobody hands on more than they may do, secrets never, and a key makes keys only where it may', async () => {
  const viewer = await addPerson(world, { email: 'v@example.com', role: 'viewer' })
  await expect(createKey(world, viewer, whole)).rejects.toMatchObject({ code: 'forbidden' })
  await expect(createKey(world, anna, { ...whole, scopes: ['webhooks:secrets'] })).rejects.toMatchObject({
    code: 'forbidden',
  })
  const { secret } = await createKey(world, anna, { ...whole, scopes: ['network:write', 'events:write'] })
  const actor = await open(secret)
  await expect(createKey(world, actor ?? anna, whole)).rejects.toThrow('This key lacks the scope keys:write.')
})

test('SETUP_API_KEY is made once, with every scope a key can have, and stays revoked', async () => {
  const secret = 'a-key-of-the-operator-with-many-letters'
  const started = await openWorld({ SETUP_API_KEY: secret })
  const setUp = () => ensureSetupKey(started)
  await Promise.all([setUp(), setUp()])
  const actor = await started.access.byKey(`Bearer ${secret}`, ADDRESS)
  expect(actor?.owner).toBe('network')
  expect(actor?.capabilities.has('network:write')).toBe(true)
  expect(actor?.capabilities.has('webhooks:secrets')).toBe(false)
  const admin = await addPerson(started, { email: 'a@example.com' })
  const row = await keyById(started.db, actor?.id ?? '')
  if (row) await revoke(started, admin, row)
  await setUp()
  expect(await started.access.byKey(`Bearer ${secret}`, ADDRESS)).toBeNull()
})

test('the key of SETUP_API_KEY can be rotated, and the next start does not bring back what it was', async () => {
  const secret = 'a-key-of-the-operator-with-many-letters'
  const started = await openWorld({ SETUP_API_KEY: secret })
  await ensureSetupKey(started)
  const admin = await addPerson(started, { email: 'a@example.com' })
  const [row] = await keyList(started.db)
  if (!row) throw new Error('There is no key.')
  const fresh = await rotate(started, admin, row, { overlap: 0, seen: null })
  await ensureSetupKey(started)
  expect(await started.access.byKey(`Bearer ${secret}`, ADDRESS)).toBeNull()
  expect(await started.access.byKey(`Bearer ${fresh.secret}`, ADDRESS)).toMatchObject({ id: row.id })
  expect(await keyList(started.db)).toHaveLength(1)
})

test('nobody rotates a key that may do more than they, and the last use of what it was is noted by itself', async () => {
  const { id, secret } = await createKey(world, anna, { ...whole, scopes: ['events:write'] })
  const bo = await addPerson(world, { email: 'b@example.com', role: 'integration_admin' })
  const one = { overlap: 1, seen: null }
  await expect(rotate(world, bo, await key(id), one)).rejects.toMatchObject({ code: 'forbidden' })
  const fresh = await rotate(world, anna, await key(id), one)
  await expect(rotate(world, anna, await key(id), one)).rejects.toMatchObject({ code: 'conflict' })
  const used = async () => (await oldOfKeys(world.db, [id], world.time.now))[0]?.last_used_at
  world.time.now += MINUTE
  await open(fresh.secret)
  expect(await used()).toBeNull()
  world.time.now += MINUTE
  await open(secret)
  expect(await used()).toBe(world.time.now)
})

test('the REST hooks of a deleted person are retired with the keys that made them', async () => {
  const bo = await addPerson(world, { email: 'b@example.com' })
  const { id: by } = await createKey(world, bo, { ...whole, scopes: ['webhooks:write'] })
  const draft = { ...plainDraft, name: 'Hook', url: 'https://hooks.example.com/1', allEvents: true }
  const id = newId('whk', world)
  const made = await createWebhook(world, draft, { id, owner: 'network', by, room: null, origin: 'rest_hook' })
  await world.db.commit(made.statements)
  await removePerson(world, anna, await person(bo.id))
  expect(await webhookById(world.db, id)).toMatchObject({ state: 'retired' })
})
