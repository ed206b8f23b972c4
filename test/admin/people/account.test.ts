import { beforeEach, expect, test } from 'vitest'
import { addPerson, openWorld, PASSWORD, type World } from '../../support/people.ts'
import { valueOf, visit, type Visitor } from '../../support/visitor.ts'

let world: World
let anna: Visitor
const logIn = { email: 'anna@example.com', password: PASSWORD }
beforeEach(async () => {
  world = await openWorld()
  await addPerson(world, { email: 'anna@example.com', name: 'Anna' })
  anna = visit(world)
  await anna.post('/login', logIn)
})

test('name and language are kept, and the language holds at once', async () => {
  await anna.post('/account', { name: 'Anna Ek', language: 'sv' })
  const page = await anna.get('/account')
  expect(valueOf(page.html, 'name')).toBe('Anna Ek')
  expect(page.html).toContain('<html lang="sv">')
  await anna.post('/account', { name: 'Anna Ek', language: '' })
  expect((await anna.get('/account')).html).toContain('<html lang="en">')
})

test('an empty name is refused', async () => {
  const answer = await anna.post('/account', { name: ' ', language: '' })
  expect(answer.status).toBe(422)
  expect(answer.html).toContain('Give a name.')
})

test('a new password ends the other sessions, and goes on in a new one', async () => {
  const phone = visit(world)
  await phone.post('/login', logIn)
  const before = new Map(anna.cookies)
  const answer = await anna.post('/account/password', { password: PASSWORD, new_password: 'another password' })
  expect(answer.headers.get('location')).toBe('/account')
  expect((await anna.get('/account')).status).toBe(200)
  expect((await phone.get('/account')).headers.get('location')).toBe('/login?next=%2Faccount')
  for (const [name, value] of before) anna.cookies.set(name, value)
  expect((await anna.get('/account')).headers.get('location')).toBe('/login?next=%2Faccount')
})

test('a new password needs the current one, and these tries count too', async () => {
  for (let n = 0; n < 5; n++) {
    const wrong = await anna.post('/account/password', {
      password: 'not the password',
      new_password: 'another password',
    })
    expect(wrong.status).toBe(422)
    expect(wrong.html).toContain('Check the current password.')
  }
  const shut = await anna.post('/account/password', { password: PASSWORD, new_password: 'another password' })
  expect(shut.status).toBe(429)
  const short = await anna.post('/account/password', { password: PASSWORD, new_password: 'short' })
  expect(short.html).toContain('A password has 12 characters or more.')
})
