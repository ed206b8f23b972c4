import { describe, expect, test, vi } from 'vitest'
import { testApp } from '../../support/app.ts'
import { furnish, kindOf, routes } from '../../support/belongings.ts'
import { wordsOf } from '../../support/form.ts'

// What the parts promise, each in a test of its own, tried on the whole product.
vi.setConfig({ testTimeout: 60_000 })

const HOME = 'http://127.0.0.1:3000'
const FORM = { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'same-origin' }
const form = (fields: Record<string, string>, headers: Record<string, string> = {}): RequestInit => ({
  method: 'POST',
  redirect: 'manual',
  headers: { ...FORM, ...headers },
  body: new URLSearchParams(fields).toString(),
})

test('a page that bent its name to this machine gets 421 on every door, and no cookie', async () => {
  const app = await testApp()
  const host = 'evil.example'
  const doors: [path: string, init?: RequestInit][] = [
    ['/'],
    ['/login'],
    ['/network'],
    ['/healthz'],
    ['/metrics'],
    ['/bin/none'],
    ['/api/v1/me'],
    ['/assets/admin.css'],
    ['/login', form({ email: 'a@example.com', password: 'x' })],
    ['/ingest/generic/none', { method: 'POST', body: '{}' }],
    ['/api/v1/events', { method: 'POST', body: '{}' }],
  ]
  for (const [path, init] of doors) {
    const answer = await app.fetch(path, { ...init, headers: { ...init?.headers, host } })
    expect(answer.status, path).toBe(421)
    expect(answer.headers.getSetCookie(), path).toEqual([])
  }
})

describe('forged forwarding headers', () => {
  const forged = (n: number) => ({
    'x-forwarded-for': `198.51.100.${n}`,
    'x-real-ip': `198.51.100.${n}`,
    forwarded: `for=198.51.100.${n};host=evil.example;proto=https`,
    'x-forwarded-host': 'evil.example',
    'x-forwarded-proto': 'https',
  })

  test('give nobody more tries at a password', async () => {
    const app = await testApp()
    const tried: number[] = []
    for (let n = 0; n < 7; n++)
      tried.push((await app.fetch('/login', form({ email: 'a@example.com', password: 'wrong' }, forged(n)))).status)
    expect(tried).toEqual([422, 422, 422, 422, 422, 429, 429])
  })

  test('stand in no link, no redirect and no row of the audit log', async () => {
    const app = await testApp()
    const admin = await app.login()
    const made = await admin.get('/network/users', forged(7))
    expect(made.html).not.toContain('evil.example')
    const away = await app.fetch('/network', { redirect: 'manual', headers: forged(7) })
    expect(new URL(away.headers.get('location') ?? '', HOME).origin).toBe(HOME)
    const rows = await app.deps.db.q.selectFrom('audit').select('address').execute()
    expect(rows.filter(({ address }) => address.startsWith('198.51.100.'))).toEqual([])
  })
})

test('a session that somebody planted in a browser opens nothing after the log-in', async () => {
  const app = await testApp()
  const email = 'planted@example.com'
  const admin = await app.login()
  const password = 'a password of the test'
  await admin.post('/network/users', { name: 'Bo', email, password, role: 'viewer', site: '' })
  const cookieOf = (answer: Response) =>
    answer.headers
      .getSetCookie()
      .filter((line) => !/max-age=0/i.test(line))
      .map((line) => line.split(';')[0])
      .join('; ')
  const planted = cookieOf(await app.fetch('/login', form({ email, password })))
  expect((await app.fetch('/account', { headers: { cookie: planted } })).status).toBe(200)
  const mine = cookieOf(await app.fetch('/login', form({ email, password }, { cookie: planted })))
  expect(mine).not.toBe(planted)
  const open = async (cookie: string) =>
    (await app.fetch('/account', { redirect: 'manual', headers: { cookie } })).status
  expect([await open(mine), await open(planted)]).toEqual([200, 303])
})

test('no form leads to another host, whatever it is told as the way back', async () => {
  const app = await testApp()
  const admin = await app.login()
  const things = await furnish(app, 'network')
  const wrong: string[] = []
  let led = 0
  for (const back of [
    '//evil.example',
    '/\\evil.example',
    '/\t/evil.example',
    'https://evil.example/network/webhooks',
  ]) {
    for (const { method, path } of routes) {
      if (method !== 'POST' || !/^\/(network|account|login|logout|forgot|confirm)/.test(path)) continue
      // What ends the session, or takes plugins out of its pages, would end the test.
      if (/safe-mode|\/account|logout|\*/.test(path)) continue
      const visitor = path.startsWith('/login') ? app.stranger : admin
      const at = path.replace(':id', things[kindOf(path)] ?? 'none').replace(/:(slug|plugin)/, 'example')
      const { location, html } = await visitor.post(at, { back, next: back, from: back })
      if (location !== '') led++
      const away = location !== '' && new URL(location, HOME).origin !== HOME
      if (away || /(href|action)="[^"]*evil\.example/.test(html)) wrong.push(`${path}: ${location}`)
    }
  }
  expect(wrong).toEqual([])
  expect(led).toBeGreaterThan(40)
})

test('a bent way back in the URL of a page comes out as no link', async () => {
  const app = await testApp()
  const admin = await app.login()
  const at = encodeURIComponent('//evil.example')
  for (const path of ['/login', '/confirm-password', '/login/code'])
    expect((await admin.get(`${path}?next=${at}&back=${at}`)).html).not.toMatch(/(href|action)="[^"]*evil\.example/)
  expect(wordsOf((await admin.get('/confirm-password')).html)).toContain('password')
})
