import { beforeEach, expect, test } from 'vitest'
import { people } from '../../../db/queries/people.ts'
import { addPerson, openWorld, PASSWORD, type World } from '../../support/people.ts'
import { valueOf, visit, type Visitor } from '../../support/visitor.ts'

let world: World
let anna: Visitor
let annaId: string
const everybody = { sort: 'name', descending: false, limit: 100, offset: 0 } as const
beforeEach(async () => {
  world = await openWorld()
  annaId = (await addPerson(world, { email: 'anna@example.com', name: 'Anna' })).id
  anna = visit(world)
  await anna.post('/login', { email: 'anna@example.com', password: PASSWORD })
})

const newcomer = {
  name: 'Bo <b>Ek</b>',
  email: 'bo@example.com',
  password: 'a first password',
  role: 'viewer',
  site: '',
}
const bo = async () => (await people(world.db, {}, everybody)).find((person) => person.email === 'bo@example.com')

test('a new person can log in and is in the list, escaped', async () => {
  const answer = await anna.post('/network/users', newcomer)
  expect(answer.headers.get('location')).toBe('/network/users')
  const list = await anna.get('/network/users')
  expect(list.html).toContain('Bo &lt;b&gt;Ek&lt;/b&gt;')
  expect((await visit(world).post('/login', { email: newcomer.email, password: newcomer.password })).status).toBe(303)
})

test('a form that is sent twice makes one person', async () => {
  const once = valueOf((await anna.get('/network/users/new')).html, 'once')
  const answers = await Promise.all([1, 2].map(() => anna.post('/network/users', { ...newcomer, once })))
  expect(answers.map((answer) => answer.status)).toEqual([303, 303])
  expect(await people(world.db, {}, everybody)).toHaveLength(2)
})

test('an address that somebody has is told beside the field', async () => {
  const answer = await anna.post('/network/users', { ...newcomer, email: 'anna@example.com' })
  expect(answer.status).toBe(422)
  expect(answer.html).toContain('Somebody has this e-mail address already.')
  expect(valueOf(answer.html, 'email')).toBe('anna@example.com')
  expect(answer.html).not.toContain(newcomer.password)
})

test.each([
  [{ role: 'emperor' }, 'Choose one of the roles.'],
  [{ role: 'site_admin' }, 'Choose the site of this site admin.'],
  [{ role: 'site_admin', site: 'sit_other' }, 'Choose the site of this site admin.'],
  [{ name: ' \u202e ' }, 'The name holds control characters'],
  [{ name: 'n'.repeat(192) }, 'A name can have up to 191 characters.'],
  [{ password: 'p'.repeat(129) }, 'A password has up to 128 characters.'],
])('%j is refused', async (fields, sentence) => {
  const answer = await anna.post('/network/users', { ...newcomer, ...fields })
  expect(answer.status).toBe(422)
  expect(answer.html).toContain(sentence)
  expect(await bo()).toBeUndefined()
})

test('a role can be changed, and the site with it', async () => {
  await anna.post('/network/users', newcomer)
  const { id = '' } = (await bo()) ?? {}
  expect((await anna.get(`/network/users/${id}`)).html).toContain('bo@example.com')
  await anna.post(`/network/users/${id}`, { role: 'site_admin', site: 'sit_main' })
  expect(await bo()).toMatchObject({ role: 'site_admin', siteId: 'sit_main', site: 'Main site' })
})

test('deleting asks first, and happens once', async () => {
  await anna.post('/network/users', newcomer)
  const { id = '' } = (await bo()) ?? {}
  expect((await anna.get(`/network/users/${id}/delete`)).html).toContain('bo@example.com')
  expect(await bo()).toBeDefined()
  for (let n = 0; n < 2; n++) expect((await anna.post(`/network/users/${id}/delete`, {})).status).toBe(303)
  expect(await bo()).toBeUndefined()
})

test('the last super admin is told why not', async () => {
  const deleted = await anna.post(`/network/users/${annaId}/delete`, {})
  expect(deleted.status).toBe(409)
  expect(deleted.html).toContain('This is the last super admin. Make somebody else one first.')
  const demoted = await anna.post(`/network/users/${annaId}`, { role: 'viewer', site: '' })
  expect(demoted.status).toBe(422)
  expect(demoted.html).toContain('This is the last super admin.')
  expect((await anna.get('/network/users')).status).toBe(200)
})

test('nobody is 404', async () => {
  expect((await anna.get('/network/users/usr_nobody')).status).toBe(404)
})

test('the list is searched, and tells how each person logs in', async () => {
  await anna.post('/network/users', newcomer)
  await anna.post('/network/users', { name: 'Vera', email: 'vera@example.com', role: 'viewer', entry: 'link' })
  const found = await anna.get('/network/users?q=VERA')
  expect(found.html).toContain('vera@example.com')
  expect(found.html).toContain('Invited')
  expect(found.html).not.toContain('bo@example.com')
  expect((await anna.get('/network/users?q=nobody-like-this')).html).toContain('No users match')
})

test('what each role may do is told in words', async () => {
  const { html } = await anna.get('/network/users/roles')
  for (const words of ['Change sites, users and plugins', 'See signing secrets', 'Integration Admin', 'Viewer']) {
    expect(html).toContain(words)
  }
})
