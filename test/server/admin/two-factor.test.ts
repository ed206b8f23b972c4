import { describe, expect, test, vi } from 'vitest'
import { codeAt, stepAt } from '../../../server/access/totp.ts'
import { MINUTE } from '../../../server/lib/clock.ts'
import { sealAgain } from '../../../server/webhooks/seal-again.ts'
import { twoFactorContext } from '../../../server/webhooks/sealed.ts'
import { createVault } from '../../../server/webhooks/secrets.ts'
import { testApp, type TestApp, type Visitor } from '../../support/app.ts'
import { wordsOf } from '../../support/form.ts'

// Each of them logs in a few times, and a password is hashed slowly on purpose.
vi.setConfig({ testTimeout: 30_000 })

const PASSWORD = 'correct horse battery'
const EMAIL = 'person-1@example.com'
const PATH = '/account/two-factor'

const codeNow = (app: TestApp, secret: string, steps = 0) => codeAt(secret, stepAt(app.clock.now()) + steps)

/** Somebody who set two-factor up, with the secret of the app and the recovery codes. */
async function enrolled() {
  const app = await testApp()
  const person = await app.login()
  await person.post(PATH)
  const page = await person.get(PATH)
  const secret = (/<code>([A-Z2-7 ]+)<\/code>/.exec(page.html)?.[1] ?? '').replaceAll(' ', '')
  const confirmed = await person.post(`${PATH}/confirm`, { code: await codeNow(app, secret, -1), password: PASSWORD })
  expect(confirmed.status).toBe(201)
  const codes: string[] = confirmed.html.match(/[a-z2-7]{4}(?:-[a-z2-7]{4}){3}/g) ?? []
  return { app, person, secret, codes }
}

const passwordOf = (visitor: Visitor) => visitor.post('/login', { email: EMAIL, password: PASSWORD, next: '/account' })

test('an app is set up with a QR code, the secret as text, a code and the password', async () => {
  const { app, person, secret, codes } = await enrolled()
  expect(secret).toMatch(/^[A-Z2-7]{32}$/)
  expect(new Set(codes).size).toBe(10)
  expect((await person.get('/account')).status).toBe(200)
  expect(wordsOf((await person.get(PATH)).html)).toContain('10 left')
  expect((await person.get(PATH)).html).not.toContain(secret)
  const { q } = app.deps.db
  const stored = JSON.stringify([
    await q.selectFrom('two_factor').selectAll().execute(),
    await q.selectFrom('recovery_code').selectAll().execute(),
    await q.selectFrom('audit').selectAll().execute(),
  ])
  expect(stored).toContain('user.two_factor_on')
  for (const part of [secret, ...codes]) expect(stored).not.toContain(part)
})

test('nothing is switched on by a wrong code or a wrong password', async () => {
  const app = await testApp()
  const person = await app.login()
  await person.post(PATH)
  const page = await person.get(PATH)
  expect(page.html).toContain('<path fill="#000" d="M')
  const secret = (/<code>([A-Z2-7 ]+)<\/code>/.exec(page.html)?.[1] ?? '').replaceAll(' ', '')
  expect((await person.post(`${PATH}/confirm`, { code: '000000', password: PASSWORD })).status).toBe(422)
  const code = await codeNow(app, secret)
  expect((await person.post(`${PATH}/confirm`, { code, password: 'not the password' })).status).toBe(422)
  expect((await passwordOf(app.stranger)).location).toBe('/account')
})

test('a code is asked for also where the browser comes with the session of somebody else', async () => {
  const { app, secret } = await enrolled()
  const other = await app.login('viewer')
  const asked = await passwordOf(other)
  expect(asked.location).toBe('/login/code?next=%2Faccount')
  expect((await other.get('/account')).location).toContain('/login')
  await other.post('/login/code', { code: await codeNow(app, secret), next: '/account' })
  expect((await other.get('/account')).html).toContain(EMAIL)
})

test('a password that is typed again ends the log-in whose code has not come', async () => {
  const { app, secret } = await enrolled()
  const { access } = app.deps
  const who = { email: EMAIL, password: PASSWORD, remember: true, address: '192.0.2.50' }
  const begin = async (cookie = '') => {
    const login = await access.login(new Headers({ cookie }), who)
    return login.ok ? login.cookies.map((line) => line.split(';')[0]).join('; ') : ''
  }
  const first = await begin()
  const second = await begin(first)
  expect(await access.awaitingCode(new Headers({ cookie: first }))).toBeNull()
  expect(await access.enterCode(new Headers({ cookie: second }), await codeNow(app, secret), who.address)).toEqual({
    ok: true,
  })
})

test('setting it up ends the other sessions, and renews this one', async () => {
  const app = await testApp()
  const here = await app.login()
  const who = { email: EMAIL, password: PASSWORD, remember: false, address: '192.0.2.50' }
  const there = await app.deps.access.login(new Headers(), who)
  const before = (await app.deps.db.q.selectFrom('session').select('token').execute()).map(({ token }) => token)
  await here.post(PATH)
  const secret = (/<code>([A-Z2-7 ]+)<\/code>/.exec((await here.get(PATH)).html)?.[1] ?? '').replaceAll(' ', '')
  await here.post(`${PATH}/confirm`, { code: await codeNow(app, secret), password: PASSWORD })
  const after = (await app.deps.db.q.selectFrom('session').select('token').execute()).map(({ token }) => token)
  expect(there.ok).toBe(true)
  expect(after).toHaveLength(1)
  expect(before).not.toContain(after[0])
  expect((await here.get('/account')).status).toBe(200)
})

describe('a log-in', () => {
  test('opens nothing by the password alone, and goes on where it wanted to with the code', async () => {
    const { app, secret } = await enrolled()
    const { stranger } = app
    const half = await passwordOf(stranger)
    expect(half.location).toBe('/login/code?next=%2Faccount')
    expect((await stranger.get('/account')).location).toBe('/login?next=%2Faccount')
    expect((await stranger.post('/account/password', { password: PASSWORD })).location).toBe('/login')
    const wrong = await stranger.post('/login/code', { code: '000000', next: '/account' })
    expect(wrong.status).toBe(422)
    expect(wordsOf(wrong.html)).toContain('You have 4 tries left.')
    const code = await codeNow(app, secret)
    const done = await stranger.post('/login/code', { code: `${code.slice(0, 3)} ${code.slice(3)}`, next: '/account' })
    expect(done.location).toBe('/account')
    expect((await stranger.get('/account')).status).toBe(200)
  })

  test('takes no code twice, nor an older one', async () => {
    const { app, secret } = await enrolled()
    await passwordOf(app.stranger)
    const code = await codeNow(app, secret)
    expect((await app.stranger.post('/login/code', { code })).status).toBe(303)
    const again = await thief(app)
    expect((await again.post('/login/code', { code })).status).toBe(422)
    expect((await again.post('/login/code', { code: await codeNow(app, secret, -1) })).status).toBe(422)
    expect((await again.post('/login/code', { code: await codeNow(app, secret, 1) })).status).toBe(303)
  })

  test('takes each recovery code once, however it is typed', async () => {
    const { app, codes } = await enrolled()
    await passwordOf(app.stranger)
    const code = ` ${(codes[0] ?? '').toUpperCase().replaceAll('-', ' ')} `
    expect((await app.stranger.post('/login/code', { code })).status).toBe(303)
    const again = await thief(app)
    expect((await again.post('/login/code', { code })).status).toBe(422)
    expect((await again.post('/login/code', { code: codes[1] ?? '' })).status).toBe(303)
  })

  test('is shut after five wrong codes, for the right one too', async () => {
    const { app, secret } = await enrolled()
    await passwordOf(app.stranger)
    for (let n = 0; n < 5; n++) await app.stranger.post('/login/code', { code: '000000' })
    const shut = await app.stranger.post('/login/code', { code: await codeNow(app, secret) })
    expect(shut.status).toBe(429)
    expect(Number(shut.headers.get('retry-after'))).toBeGreaterThan(0)
  })

  test('that goes well is none of the tries', async () => {
    const { app, secret } = await enrolled()
    const visitor = app.visitor()
    for (let n = 0; n < 6; n++) {
      app.clock.advance(MINUTE)
      await passwordOf(visitor)
      expect((await visitor.post('/login/code', { code: await codeNow(app, secret) })).location).toBe('/network')
      await visitor.post('/logout')
    }
  })

  test('waits ten minutes for the code', async () => {
    const { app, secret } = await enrolled()
    await passwordOf(app.stranger)
    app.clock.advance(10 * MINUTE)
    expect((await app.stranger.post('/login/code', { code: await codeNow(app, secret) })).location).toBe('/login')
    expect((await app.stranger.get('/login/code')).location).toBe('/login')
  })

  test('sends nobody elsewhere', async () => {
    const { app, secret } = await enrolled()
    await app.stranger.post('/login', { email: EMAIL, password: PASSWORD, next: '//evil.example' })
    const done = await app.stranger.post('/login/code', { code: await codeNow(app, secret), next: '//evil.example' })
    expect(done.location).toBe('/network')
  })

  test('after a reset by link asks for the code all the same', async () => {
    const { app } = await enrolled()
    const admin = await app.login()
    const { id } = await app.deps.db.q
      .selectFrom('user')
      .select('id')
      .where('email', '=', EMAIL)
      .executeTakeFirstOrThrow()
    const made = await admin.post(`/network/users/${id}/link`)
    await app.stranger.get(/\/set-password\?token=[\w-]+/.exec(made.html)?.[0] ?? '')
    await app.stranger.post('/set-password', { password: 'another good password' })
    const half = await app.stranger.post('/login', { email: EMAIL, password: 'another good password' })
    expect(half.location).toBe('/login/code')
  })
})

test('typing the password once more asks for no code', async () => {
  const { person } = await enrolled()
  expect((await person.post('/confirm-password', { password: PASSWORD, next: '/account' })).location).toBe('/account')
  expect((await person.get('/account')).status).toBe(200)
  const changed = await person.post('/account/password', { password: PASSWORD, new_password: 'another good password' })
  expect(changed.location).toBe('/account')
  expect((await person.get('/account')).status).toBe(200)
})

test('new recovery codes end the old ones', async () => {
  const { app, person, codes } = await enrolled()
  const made = await person.post(`${PATH}/recovery`, { password: PASSWORD })
  expect(made.status).toBe(201)
  const fresh: string[] = made.html.match(/[a-z2-7]{4}(?:-[a-z2-7]{4}){3}/g) ?? []
  expect(fresh.filter((code) => codes.includes(code))).toEqual([])
  await passwordOf(app.stranger)
  expect((await app.stranger.post('/login/code', { code: codes[0] ?? '' })).status).toBe(422)
  expect((await app.stranger.post('/login/code', { code: fresh[0] ?? '' })).status).toBe(303)
})

test('it is switched off with the password, or by a super admin, which is written down', async () => {
  const { app, person } = await enrolled()
  expect((await person.post(`${PATH}/remove`, { password: 'not the password' })).status).toBe(422)
  await person.send(`${PATH}/remove`, { password: PASSWORD })
  expect((await passwordOf(app.stranger)).location).toBe('/account')

  const other = await enrolled()
  const admin = await other.app.login()
  const { id } = await other.app.deps.db.q
    .selectFrom('user')
    .select('id')
    .where('email', '=', EMAIL)
    .executeTakeFirstOrThrow()
  expect(wordsOf((await admin.get(`/network/users/${id}`)).html)).toContain('Remove two-factor')
  await admin.send(`/network/users/${id}/two-factor/remove`)
  expect((await passwordOf(other.app.stranger)).location).toBe('/account')
  const entry = await other.app.deps.db.q
    .selectFrom('audit')
    .selectAll()
    .where('action', '=', 'user.two_factor_off')
    .executeTakeFirst()
  expect(entry).toMatchObject({ target: id })
  expect(entry?.actor_id).not.toBe(id)
})

test('after a change of APP_SECRET it still opens', async () => {
  const { app, secret } = await enrolled()
  const appSecret = 'another app secret, of 32 characters or more'
  const previous = 'an app secret of a test, 32 characters or more'
  const { db, random } = app.deps
  await sealAgain({ db, vault: await createVault({ appSecret, previous, random }) })
  const row = await db.q.selectFrom('two_factor').selectAll().executeTakeFirstOrThrow()
  const alone = await createVault({ appSecret, random })
  expect(await alone.open(row.cipher, twoFactorContext(row.user_id))).toBe(secret)
})

/** Somebody else, who knows the password too. */
async function thief(app: TestApp): Promise<Visitor> {
  const other = app.visitor()
  await passwordOf(other)
  return other
}
