import { beforeEach, expect, test } from 'vitest'
import { keyList } from '../../../db/queries/api-keys.ts'
import { DAY } from '../../../server/lib/clock.ts'
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
  const id = valueOf((await anna.get('/network/api-keys/new')).html, 'id')
  const answers = await Promise.all([1, 2].map(() => anna.post('/network/api-keys', wanted({ id }))))
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
