import { Hono } from 'hono'
import { beforeEach, expect, test } from 'vitest'
import { recentPassword } from '../../../server/admin/login.ts'
import { addPerson, openWorld, PASSWORD, type World } from '../../support/people.ts'
import { valueOf, visit, type Visitor } from '../../support/visitor.ts'
import { MINUTE } from '../../../server/lib/clock.ts'
import type { Env } from '../../../server/web/env.ts'

let world: World
let anna: Visitor
beforeEach(async () => {
  world = await openWorld()
  await addPerson(world, { email: 'anna@example.com', name: 'Anna' })
  anna = visit(world)
})

const right = { email: ' Anna@Example.com ', password: PASSWORD }

test('a log-in leads to the page that was asked for', async () => {
  const page = await anna.get('/login?next=%2Fnetwork%2Fusers%3Fsort%3Dname')
  expect(valueOf(page.html, 'next')).toBe('/network/users?sort=name')
  const answer = await anna.post('/login', { ...right, next: '/network/users?sort=name' })
  expect(answer.headers.get('location')).toBe('/network/users?sort=name')
  expect((await anna.get('/account')).html).toContain('anna@example.com')
})

test.each(['https://evil.example/', '//evil.example', '/\\evil.example', '/\t/evil.example'])(
  'a log-in never leads to %j',
  async (next) => {
    expect(valueOf((await anna.get(`/login?next=${encodeURIComponent(next)}`)).html, 'next')).toBe('')
    expect((await anna.post('/login', { ...right, next })).headers.get('location')).toBe('/network')
  },
)

test('a site admin has no business with the users of the network', async () => {
  await addPerson(world, { email: 'site@example.com', role: 'site_admin', siteId: 'sit_main' })
  await anna.post('/login', { ...right, email: 'site@example.com' })
  expect((await anna.get('/login')).headers.get('location')).toBe('/network')
  expect((await anna.get('/network/users')).status).toBe(403)
})

test('a wrong password keeps the address and says how many tries are left, alike for unknown accounts', async () => {
  const pages: string[] = []
  for (const email of ['anna@example.com', 'nobody@example.com']) {
    const answer = await anna.post('/login', { email, password: 'not the password' })
    expect(answer.status).toBe(422)
    expect(valueOf(answer.html, 'email')).toBe(email)
    expect(answer.html).toContain('You have 4 tries left.')
    expect(answer.html).not.toContain('not the password')
    pages.push(answer.html.replaceAll(email, ''))
  }
  expect(pages[0]).toBe(pages[1])
})

test('too many tries are told with the time to wait', async () => {
  for (let n = 0; n < 5; n++) await anna.post('/login', { ...right, password: 'not the password' })
  const answer = await anna.post('/login', right)
  expect(answer.status).toBe(429)
  expect(answer.headers.get('retry-after')).toBe('900')
  expect(answer.html).toContain('Wait 15 minutes, then try again.')
})

test('without Remember me the cookie ends with the browser', async () => {
  const lasting = (await anna.post('/login', { ...right, remember: '1' })).headers.getSetCookie()
  const passing = (await anna.post('/login', right)).headers.getSetCookie()
  expect(lasting.find((line) => line.includes('session_token'))).toMatch(/Max-Age=1209600/i)
  expect(passing.find((line) => line.includes('session_token'))).not.toMatch(/Max-Age|Expires/i)
})

test('a log-out is a POST that ends the session', async () => {
  await anna.post('/login', right)
  expect((await anna.get('/logout')).status).toBe(404)
  const before = new Map(anna.cookies)
  expect((await anna.post('/logout', {})).headers.get('location')).toBe('/login')
  for (const [name, value] of before) anna.cookies.set(name, value)
  expect((await anna.get('/account')).headers.get('location')).toBe('/login?next=%2Faccount')
})

test('confirming the password starts a new session, and goes on to the page that asked', async () => {
  await anna.post('/login', right)
  const before = new Map(anna.cookies)
  world.time.now += 11 * MINUTE
  const wrong = await anna.post('/confirm-password', { password: 'not the password', next: '/network/webhooks/whk_1' })
  expect(wrong.status).toBe(422)
  expect(valueOf(wrong.html, 'next')).toBe('/network/webhooks/whk_1')
  const answer = await anna.post('/confirm-password', { password: PASSWORD, next: '/network/webhooks/whk_1' })
  expect(answer.headers.get('location')).toBe('/network/webhooks/whk_1')
  expect((await anna.get('/account')).status).toBe(200)
  for (const [name, value] of before) anna.cookies.set(name, value)
  expect((await anna.get('/account')).headers.get('location')).toBe('/login?next=%2Faccount')
})

test('a password counts as recent for 10 minutes after it was typed', async () => {
  const app = new Hono<Env>().get('/', async (c) =>
    c.json(await recentPassword(c, { ...world, dispatcher: () => 'on' })),
  )
  const isRecent = async () => {
    const cookie = [...anna.cookies].map((pair) => pair.join('=')).join('; ')
    return (await app.request('/', { headers: { cookie } })).json()
  }
  expect(await isRecent()).toBe(false)
  await anna.post('/login', right)
  world.time.now += 10 * MINUTE - 1
  expect(await isRecent()).toBe(true)
  world.time.now += 1
  expect(await isRecent()).toBe(false)
  await anna.post('/confirm-password', { password: PASSWORD })
  expect(await isRecent()).toBe(true)
})

test('before set-up the log-in leads there', async () => {
  expect((await visit(await openWorld()).get('/login')).headers.get('location')).toBe('/setup')
})
