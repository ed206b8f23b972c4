import { describe, expect, test, vi } from 'vitest'
import { DAY, HOUR, MINUTE } from '../../../server/lib/clock.ts'
import { testApp, type TestApp } from '../../support/app.ts'
import { wordsOf } from '../../support/form.ts'
import { startSmtp } from '../../support/smtp.ts'

// Each of them logs in a few times, and a password is hashed slowly on purpose.
vi.setConfig({ testTimeout: 30_000 })

const PASSWORD = 'another good password'
const EMAIL = 'person-2@example.com'

const idOf = async ({ deps }: TestApp, email = EMAIL): Promise<string> =>
  (await deps.db.q.selectFrom('user').select('id').where('email', '=', email).executeTakeFirstOrThrow()).id
/** The path of the link that a page or a mail holds. */
const linkIn = (text: string): string => /\/set-password\?token=[\w-]{43}/.exec(text)?.[0] ?? ''

/** An app with two super admins, and a link that the first one made for the second. */
async function linked() {
  const app = await testApp()
  const admin = await app.login()
  const other = await app.login()
  const made = await admin.post(`/network/users/${await idOf(app)}/link`)
  expect(made.status).toBe(201)
  return { app, admin, other, link: linkIn(made.html) }
}

const canLogIn = async (app: TestApp, email: string, password: string): Promise<boolean> => {
  const who = { email, password, remember: false, address: '192.0.2.99' }
  return (await app.deps.access.login(new Headers(), who)).ok
}

describe('a link that a super admin makes', () => {
  test('swaps its token for a cookie, sets a password and ends the sessions', async () => {
    const { app, other, link } = await linked()
    const opened = await app.stranger.get(link)
    expect([opened.status, opened.location]).toEqual([303, '/set-password'])
    expect(opened.headers.get('referrer-policy')).toBe('no-referrer')
    const form = await app.stranger.get('/set-password')
    expect(wordsOf(form.html)).toContain(`For the account of ${EMAIL}.`)
    expect((await app.stranger.post('/set-password', { password: 'short' })).status).toBe(422)
    const after = await app.stranger.send('/set-password', { password: PASSWORD })
    expect(wordsOf(after.html)).toContain('Your password is set.')
    expect(await canLogIn(app, EMAIL, PASSWORD)).toBe(true)
    expect((await other.get('/account')).status).toBe(303)
    expect((await app.stranger.post('/set-password', { password: 'a third good password' })).status).toBe(403)
  })

  test('opens once: neither its token nor its pass works again', async () => {
    const { app, admin, link } = await linked()
    await app.stranger.get(link)
    expect((await admin.get(link)).status).toBe(403)
    await app.stranger.send('/set-password', { password: PASSWORD })
    expect((await app.stranger.get(link)).status).toBe(403)
    expect((await app.stranger.get('/set-password')).status).toBe(403)
  })

  test('holds for an hour, before it is opened and after', async () => {
    const { app, link } = await linked()
    app.clock.advance(HOUR)
    expect((await app.stranger.get(link)).status).toBe(403)
    await app.tidy()
    expect(await app.deps.db.q.selectFrom('one_time_link').selectAll().execute()).toEqual([])
  })

  test('no longer opens once there is a newer one', async () => {
    const { app, admin, link } = await linked()
    const newer = linkIn((await admin.post(`/network/users/${await idOf(app)}/link`)).html)
    expect((await app.stranger.get(link)).status).toBe(403)
    expect((await app.stranger.get(newer)).status).toBe(303)
  })

  test('stands in the database as a hash alone, and in the audit log not at all', async () => {
    const { app, link } = await linked()
    const token = link.split('=')[1] ?? ''
    const { q } = app.deps.db
    const rows = [
      await q.selectFrom('one_time_link').selectAll().execute(),
      await q.selectFrom('audit').selectAll().execute(),
    ]
    expect(token).not.toBe('')
    expect(JSON.stringify(rows)).not.toContain(token)
    expect(JSON.stringify(rows)).toContain('user.reset_link_made')
  })

  test('is for super admins to make', async () => {
    const app = await testApp()
    await app.login()
    const viewer = await app.login('viewer')
    expect((await viewer.post(`/network/users/${await idOf(app)}/link`)).status).toBe(403)
  })
})

describe('an invitation', () => {
  test('lets in who has no password yet, for 7 days', async () => {
    const app = await testApp()
    const admin = await app.login()
    const fields = { name: 'Bo Ek', email: 'bo@example.com', role: 'viewer', site: '', entry: 'link' }
    const made = await admin.post('/network/users', fields)
    expect(made.status).toBe(201)
    expect(await canLogIn(app, 'bo@example.com', '')).toBe(false)
    const page = await admin.get(`/network/users/${await idOf(app, 'bo@example.com')}`)
    expect(wordsOf(page.html)).toContain('This person has no password yet.')
    app.clock.advance(7 * DAY - MINUTE)
    await app.stranger.get(linkIn(made.html))
    await app.stranger.send('/set-password', { password: PASSWORD })
    expect(await canLogIn(app, 'bo@example.com', PASSWORD)).toBe(true)
  })

  test('is mailed when the mail server takes mail again, however late, while its link still opens', async () => {
    const smtp = await startSmtp()
    const app = await testApp({ env: { SMTP_URL: smtp.url } })
    const admin = await app.login()
    smtp.refuse('451 try later')
    const fields = { name: 'Bo Ek', email: 'bo@example.com', role: 'viewer', site: '', entry: 'link' }
    expect((await admin.post('/network/users', fields)).status).toBe(201)
    await app.tidy()
    app.clock.advance(2 * DAY)
    await app.tidy()
    smtp.refuse(null)
    app.clock.advance(HOUR)
    await app.tidy()
    expect(smtp.mails.map(({ to }) => to)).toEqual([['bo@example.com']])
    expect((await app.stranger.get(linkIn(smtp.mails[0]?.text ?? ''))).status).toBe(303)
  })
})

describe('a forgotten password', () => {
  test('is reset by a mail, whose link is sealed until it goes out', async () => {
    const smtp = await startSmtp()
    const app = await testApp({ env: { SMTP_URL: smtp.url, PUBLIC_URL: 'http://127.0.0.1:3000' } })
    await app.login()
    const answer = await app.stranger.send('/forgot-password', { email: 'Person-1@example.com ' })
    expect(wordsOf(answer.html)).toContain('A link is on its way.')
    expect(JSON.stringify(await app.deps.db.q.selectFrom('mail').selectAll().execute())).not.toContain('set-password')
    await app.tidy()
    expect(smtp.mails.map(({ to }) => to)).toEqual([['person-1@example.com']])
    const link = linkIn(smtp.mails[0]?.text ?? '')
    expect((await app.stranger.get(link)).status).toBe(303)
    await app.stranger.send('/set-password', { password: PASSWORD })
    expect(await canLogIn(app, 'person-1@example.com', PASSWORD)).toBe(true)
  })

  test('of an account that is not there gets the same answer, and no mail', async () => {
    const smtp = await startSmtp()
    const app = await testApp({ env: { SMTP_URL: smtp.url } })
    await app.login()
    const [known, unknown] = [
      await app.stranger.post('/forgot-password', { email: 'person-1@example.com' }),
      await app.stranger.post('/forgot-password', { email: 'nobody@example.com' }),
    ]
    expect([unknown.status, unknown.location, unknown.html]).toEqual([known.status, known.location, known.html])
    expect(unknown.headers.getSetCookie()).toEqual(known.headers.getSetCookie())
    await app.tidy()
    expect(smtp.mails).toHaveLength(1)
  })

  test('fills nobody’s mailbox: five in a quarter of an hour', async () => {
    const smtp = await startSmtp()
    const app = await testApp({ env: { SMTP_URL: smtp.url } })
    await app.login()
    const ask = () => app.stranger.post('/forgot-password', { email: 'person-1@example.com' })
    for (let n = 0; n < 5; n++) expect((await ask()).status).toBe(303)
    expect((await ask()).status).toBe(429)
  })

  test('is not mailed once its link is too old', async () => {
    const smtp = await startSmtp()
    const app = await testApp({ env: { SMTP_URL: smtp.url } })
    await app.login()
    smtp.refuse('451 try later')
    await app.stranger.post('/forgot-password', { email: 'person-1@example.com' })
    await app.tidy()
    smtp.refuse(null)
    app.clock.advance(HOUR)
    await app.tidy()
    expect(smtp.mails).toEqual([])
    expect(await app.deps.db.q.selectFrom('mail').selectAll().execute()).toEqual([])
  })

  test('without mail says whom to ask', async () => {
    const app = await testApp()
    await app.login()
    expect(wordsOf((await app.stranger.get('/forgot-password')).html)).toContain('Ask a super admin for a link')
  })
})

describe('sessions', () => {
  test('are listed on the account page, and ended one by one or all but this one', async () => {
    const app = await testApp()
    const here = await app.login()
    const { access } = app.deps
    const who = {
      email: 'person-1@example.com',
      password: 'correct horse battery',
      remember: false,
      address: '192.0.2.50',
    }
    const agent = { 'user-agent': 'Mozilla/5.0 (Windows NT 10.0) Gecko/20100101 Firefox/140.0' }
    await access.login(new Headers(agent), who)
    await access.login(new Headers(), who)
    const page = await here.get('/account')
    expect(wordsOf(page.html)).toContain('Firefox on Windows')
    expect(wordsOf(page.html)).toContain('from 192.0.2.50')
    const ends = [...page.html.matchAll(/action="(\/account\/sessions\/[^"]+\/end)"/g)].map(([, path = '']) => path)
    expect(ends).toHaveLength(2)
    expect(wordsOf((await here.send(ends[0] ?? '')).html)).toContain('The session has ended.')
    await here.send('/account/sessions/end-others')
    expect(await app.deps.db.q.selectFrom('session').selectAll().execute()).toHaveLength(1)
    expect((await here.get('/account')).status).toBe(200)
  })

  test('of somebody else are not ended by their id', async () => {
    const app = await testApp()
    await app.login()
    const bo = await app.login('viewer')
    const session = await app.deps.db.q.selectFrom('session').selectAll().orderBy('createdAt').executeTakeFirstOrThrow()
    const mine = await idOf(app)
    if (session.userId !== mine) await bo.post(`/account/sessions/${session.id}/end`)
    expect(await app.deps.db.q.selectFrom('session').selectAll().execute()).toHaveLength(2)
  })

  test('of a person are ended by a super admin', async () => {
    const app = await testApp()
    const admin = await app.login()
    const bo = await app.login('viewer')
    await admin.send(`/network/users/${await idOf(app)}/end-sessions`)
    expect((await bo.get('/account')).location).toContain('/login')
  })
})

test('a person reads times by their own clock, and the network keeps its own', async () => {
  const app = await testApp()
  const admin = await app.login()
  await admin.send('/account', { name: 'Ingrid Nord', language: '', time_zone: 'Asia/Tokyo' })
  const page = await admin.get('/account')
  const time = (timeZone: string) =>
    new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short', timeZone })
  expect(wordsOf(page.html)).toContain(`Since ${time('Asia/Tokyo').format(app.clock.now())}`)
  expect(wordsOf(page.html)).toContain(`Network time ${time('UTC').format(app.clock.now())} (UTC)`)
  expect((await admin.get('/network/webhooks/new')).html).toContain('in the time zone UTC.')
  await admin.send('/account', { name: 'Ingrid Nord', language: '', time_zone: 'Mars/Olympus' })
  expect((await app.deps.db.q.selectFrom('user').select('timeZone').executeTakeFirst())?.timeZone).toBeNull()
})
