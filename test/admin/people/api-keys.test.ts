import { beforeEach, expect, test } from 'vitest'
import { keyList } from '../../../db/queries/api-keys.ts'
import { webhookById } from '../../../db/queries/webhooks.ts'
import { createKey } from '../../../server/access/api-keys.ts'
import { DAY, HOUR } from '../../../server/lib/clock.ts'
import { newId } from '../../../server/lib/ids.ts'
import { plainDraft } from '../../../server/webhooks/draft.ts'
import { createWebhook } from '../../../server/webhooks/lifecycle.ts'
import { ADDRESS, addPerson, openWorld, PASSWORD, type World } from '../../support/people.ts'
import { valueOf, visit, type Visitor } from '../../support/visitor.ts'

let world: World
let anna: Visitor
beforeEach(async () => {
  world = await openWorld()
  await addPerson(world, { email: 'anna@example.com', name: 'Anna' })
  anna = visit(world)
  await anna.post('/login', { email: 'anna@example.com', password: PASSWORD })
})

const form = { name: 'Shop', site: '', lifetime: '30' }
const wanted = (fields: Record<string, string> = {}, scopes = ['events:write', 'events:read']) =>
  new URLSearchParams([...Object.entries({ ...form, ...fields }), ...scopes.map((scope) => ['scopes', scope])] as [
    string,
    string,
  ][])
const open = (secret: string) => world.access.byKey(`Bearer ${secret}`, ADDRESS)

test('a key is shown in the answer that made it, kept by no cache, and never again', async () => {
  const answer = await anna.post('/network/api-keys', wanted())
  expect(answer.status).toBe(201)
  expect(answer.headers.get('cache-control')).toBe('no-store')
  const secret = valueOf(answer.html, 'secret')
  expect((await open(secret))?.capabilities).toEqual(new Set(['events:read', 'events:write']))
  const list = await anna.get('/network/api-keys')
  expect(list.html).toContain(secret.slice(0, 7))
  expect(list.html).not.toContain(secret)
  world.time.now += 30 * DAY
  expect(await open(secret)).toBeNull()
})

test('a form that is sent twice makes one key', async () => {
  const once = valueOf((await anna.get('/network/api-keys/new')).html, 'once')
  const answers = await Promise.all([1, 2].map(() => anna.post('/network/api-keys', wanted({ once }))))
  expect(answers.map((answer) => answer.status).sort()).toEqual([201, 303])
  expect(await keyList(world.db)).toHaveLength(1)
})

test.each([
  [{ name: '' }, undefined, 'Give a name.'],
  [{}, [], 'Choose at least one scope.'],
  [{}, ['webhooks:secrets'], 'A key can do no more than you may do yourself.'],
  [{}, ['everything'], 'A key can do no more than you may do yourself.'],
  [{ site: 'sit_other' }, undefined, 'Choose one of the sites, or the whole network.'],
  [{ lifetime: '-1' }, undefined, 'Choose one of the times.'],
])('%j with %j is refused', async (fields, scopes, sentence) => {
  const answer = await anna.post('/network/api-keys', wanted(fields, scopes))
  expect(answer.status).toBe(422)
  expect(answer.html).toContain(sentence)
  expect(await keyList(world.db)).toEqual([])
})

test('a revoked key is refused from then on, and stays in the list', async () => {
  const secret = valueOf((await anna.post('/network/api-keys', wanted())).html, 'secret')
  const [key] = await keyList(world.db)
  const path = `/network/api-keys/${key?.id}/revoke`
  expect((await anna.get(path)).html).toContain('cannot be brought back')
  for (let n = 0; n < 2; n++) expect((await anna.post(path, {})).status).toBe(303)
  expect(await open(secret)).toBeNull()
  expect((await anna.get('/network/api-keys')).html).toContain('Revoked')
  const entries = await world.db.q
    .selectFrom('audit')
    .select('action')
    .where('action', '=', 'api_key.revoked')
    .execute()
  expect(entries).toHaveLength(1)
})

test('a rotated key is shown once; what it was opens as long as was chosen, and a second click changes nothing', async () => {
  const made = await anna.post('/network/api-keys', wanted())
  const [id, old] = [valueOf(made.html, 'key'), valueOf(made.html, 'secret')]
  const path = `/network/api-keys/${id}/rotate`
  const seen = valueOf((await anna.get(path)).html, 'seen')
  const answer = await anna.post(path, { seen, overlap_hours: '1' })
  expect(answer.headers.get('cache-control')).toBe('no-store')
  const fresh = valueOf(answer.html, 'secret')
  expect([(await open(old))?.id, (await open(fresh))?.id]).toEqual([id, id])
  const again = await anna.post(path, { seen, overlap_hours: '0' })
  expect(again.status).toBe(409)
  expect(again.html).toContain('This key has ended, or was rotated in the meantime.')
  expect((await anna.get('/network/api-keys')).html).toContain('The old key works until')
  expect((await anna.get(path)).html).toContain(`${old.slice(0, 7)}…`)
  world.time.now += HOUR
  expect(await open(old)).toBeNull()
  expect((await open(fresh))?.id).toBe(id)
  const entries = await world.db.q.selectFrom('audit').select('after').where('action', '=', 'api_key.rotated').execute()
  expect(entries).toEqual([{ after: '{"overlap_hours":1}' }])
})

test('before a key is revoked, the page names what ends with it', async () => {
  const id = valueOf((await anna.post('/network/api-keys', wanted({}, ['webhooks:write', 'keys:write']))).html, 'key')
  const draft = { ...plainDraft, name: 'Zapier: Order Created', url: 'https://hooks.example.com/1', allEvents: true }
  const who = { id: newId('whk', world), owner: 'network', by: id, room: null, origin: 'rest_hook' } as const
  await world.db.commit((await createWebhook(world, draft, who)).statements)
  const rotated = await anna.post(`/network/api-keys/${id}/rotate`, {})
  const actor = await open(valueOf(rotated.html, 'secret'))
  if (!actor) throw new Error('The key does not open.')
  const child = { name: 'Child', scopes: ['webhooks:write'], owner: 'network', expiresAt: null }
  const { secret } = await createKey(world, actor, child)
  const { html } = await anna.get(`/network/api-keys/${id}/revoke`)
  expect(html).toContain('Zapier: Order Created')
  expect(html).toContain('<li>Child</li>')
  expect((await anna.post(`/network/api-keys/${id}/revoke`, {})).status).toBe(303)
  expect((await anna.get('/network/api-keys')).html).toContain('REST hooks retired with it: 1.')
  expect(await open(secret)).toBeNull()
  expect(await webhookById(world.db, who.id)).toMatchObject({ state: 'retired' })
})
