import { describe, expect, onTestFinished, test } from 'vitest'
import { setting } from '../../../db/queries/settings.ts'
import { DAY, MINUTE } from '../../../server/lib/clock.ts'
import { testApp, type TestApp } from '../../support/app.ts'
import { fillIn, wordsOf } from '../../support/form.ts'
import { startReceiver } from '../../support/receiver.ts'
import { startSmtp } from '../../support/smtp.ts'

const PATH = '/network/settings'
type Admin = Awaited<ReturnType<TestApp['login']>>

const form = async (admin: Admin, fields: Record<string, string>) =>
  fillIn((await admin.get(PATH)).html, 'settings', fields)
const save = async (admin: Admin, fields: Record<string, string>) => {
  const answer = await admin.post(PATH, await form(admin, fields))
  expect(answer.status).toBe(303)
}

test('settings are saved, shown again, and written to the audit log with what they were', async () => {
  const app = await testApp()
  const admin = await app.login()
  const page = await admin.send(PATH, await form(admin, { network_name: 'Nordlys', time_zone: 'Europe/Oslo' }))
  expect(wordsOf(page.html)).toContain('Settings saved.')
  expect(fillIn(page.html, 'settings').get('network_name')).toBe('Nordlys')
  expect(page.html).toContain('(Europe/Oslo)')
  expect((await app.stranger.get('/login')).html).toContain('Log In to Nordlys')
  const row = await app.deps.db.q
    .selectFrom('audit')
    .selectAll()
    .where('action', '=', 'settings.updated')
    .executeTakeFirst()
  expect(JSON.parse(row?.before ?? '')).toEqual({ network_name: 'Hookline', time_zone: 'UTC' })
  expect(JSON.parse(row?.after ?? '')).toEqual({ network_name: 'Nordlys', time_zone: 'Europe/Oslo' })
})

test.each([
  ['network_name', ''],
  ['network_name', 'a\u202eb'],
  ['time_zone', 'Mars/Olympus'],
  ['language', 'xx'],
  ['payload_kib', '0'],
  ['payload_kib', '257'],
  ['payload_kib', '1.5'],
  ['webhooks_per_site', '-1'],
  ['webhooks_per_network', '0'],
  ['attempts_at_once', '0'],
  ['attempts_per_webhook', '65'],
  ['login_tries', '2'],
  ['keep_days_events', ''],
  ['keep_days_events', '1e3'],
  ['keep_days_answers', '31'],
  ['keep_days_audit', '29'],
  ['mail_from', 'nobody'],
  ['mail_from', 'a@example.com, b@example.com'],
])('%s cannot be "%s", which is said beside the field', async (name, value) => {
  const app = await testApp()
  const admin = await app.login()
  const answer = await admin.post(PATH, await form(admin, { [name]: value }))
  expect(answer.status).toBe(422)
  expect(answer.html).toContain(`id="${name}-error"`)
  expect(fillIn(answer.html, 'settings').get('revision')).toBe('0')
  expect(
    await app.deps.db.q.selectFrom('audit').selectAll().where('action', '=', 'settings.updated').execute(),
  ).toEqual([])
})

test('two who change settings at once: the second one sees both values, and may save them then', async () => {
  const app = await testApp()
  const [anna, bo] = [await app.login(), await app.login()]
  const late = await form(bo, { network_name: 'Of Bo', payload_kib: '64' })
  await save(anna, { network_name: 'Of Anna' })
  const answer = await bo.post(PATH, late)
  expect(answer.status).toBe(409)
  expect(wordsOf(answer.html)).toContain('Network name Of Anna Of Bo')
  expect(wordsOf(answer.html)).toContain('Payload in KiB, at most 256 64')
  expect(await setting(app.deps.db, 'payload_kib')).toBe('256')
  expect((await bo.post(PATH, fillIn(answer.html, 'settings'))).status).toBe(303)
  expect(await setting(app.deps.db, 'network_name')).toBe('Of Bo')
})

describe('what is set is what happens', () => {
  test('a payload beyond the limit is refused from the next event on', async () => {
    const app = await testApp()
    const admin = await app.login()
    const large = { note: 'x'.repeat(2000) }
    const emit = () =>
      app.deps.host.emit([
        { type: 'payment_received', site: 'sit_main', data: { ...sample(), ...large }, source: 'plugin:test' },
      ])
    const sample = () => app.deps.host.eventType('payment_received')?.sample ?? {}
    await emit().catch((error: Error) => expect(error.message).not.toContain('KiB'))
    await save(admin, { payload_kib: '2' })
    await expect(emit()).rejects.toThrow('The payload has more than 2 KiB.')
  })

  test('from the next look on, as many attempts are under way as is said, in all and at one webhook', async () => {
    const { promise: released, resolve: release } = Promise.withResolvers<object>()
    const open: string[] = []
    const seen: number[][] = []
    const there = await startReceiver({
      answer: async ({ path }) => {
        open.push(path)
        seen.push([open.length, open.filter((one) => one === path).length])
        const reply = await released
        open.splice(open.indexOf(path), 1)
        return reply
      },
    })
    onTestFinished(() => there.stop())
    const app = await testApp()
    await save(await app.login(), { attempts_at_once: '5', attempts_per_webhook: '2' })
    for (const path of ['/a', '/b', '/c', '/d']) await app.webhook({ url: there.url + path })
    for (let n = 0; n < 3; n++) await app.emit()
    const delivering = app.deliver()
    await there.waitFor(5)
    release({})
    await delivering
    expect([0, 1].map((which) => Math.max(...seen.map((counts) => counts[which] ?? 0)))).toEqual([5, 2])
    expect(there.requests).toHaveLength(12)
  })

  test('so many wrong passwords are taken as is said', async () => {
    const app = await testApp()
    await save(await app.login(), { login_tries: '3' })
    const visitor = app.visitor()
    const tries = Array.from({ length: 4 }, () => ({ email: 'person-1@example.com', password: 'a wrong password' }))
    const statuses = []
    for (const who of tries) statuses.push((await visitor.post('/login', who)).status)
    expect(statuses).toEqual([422, 422, 422, 429])
  })

  test('a site and the network have as many webhooks as is said', async () => {
    const app = await testApp()
    const admin = await app.login()
    await app.site('shop')
    const full = async (path: string) => wordsOf((await admin.get(path)).html)
    await save(admin, { webhooks_per_site: '0', webhooks_per_network: '1' })
    expect(await full('/sites/shop/admin/webhooks/new')).toContain('This site has its 0 webhooks already.')
    expect(await full('/network/webhooks/new')).not.toContain('webhooks already.')
    await app.webhook({ url: 'http://127.0.0.1:9/' })
    expect(await full('/network/webhooks/new')).toContain('The network has its 1 webhooks already.')
  })

  test('events, answers and the audit log go after as many days as is said', async () => {
    const receiver = await startReceiver({ answer: () => ({ status: 200, body: 'thanks' }) })
    const app = await testApp()
    const admin = await app.login()
    await app.webhook({ url: receiver.url })
    await app.emit()
    await app.deliver()
    const { q } = app.deps.db
    const answers = async () =>
      (await q.selectFrom('attempt').select('response_body').execute()).map((row) => row.response_body)
    const count = async (table: 'delivery' | 'audit') => (await q.selectFrom(table).selectAll().execute()).length
    await save(admin, { keep_days_answers: '2', keep_days_events: '5', keep_days_audit: '30' })
    await app.tidy()
    expect(await answers()).toEqual([btoa('thanks')])
    app.clock.advance(2 * DAY + MINUTE)
    await app.tidy()
    expect(await answers()).toEqual([''])
    app.clock.advance(3 * DAY)
    await app.tidy()
    expect(await count('delivery')).toBe(0)
    expect(await count('audit')).toBeGreaterThan(0)
    app.clock.advance(26 * DAY)
    await app.tidy()
    expect(await count('audit')).toBe(0)
  })

  test('the language is that of people who chose none', async () => {
    const app = await testApp()
    const admin = await app.login()
    await save(admin, { language: 'sv' })
    expect((await admin.get(PATH)).html).toContain('<html lang="sv">')
    await admin.post('/account', { name: 'Ingrid Nord', language: 'nl' })
    expect((await admin.get(PATH)).html).toContain('<html lang="nl">')
  })
})

describe('mail', () => {
  test('a test mail goes to who asks for it, from the address that is set', async () => {
    const smtp = await startSmtp()
    const app = await testApp({ env: { SMTP_URL: smtp.url } })
    const admin = await app.login()
    await save(admin, { mail_from: 'hooks@nordlys.example' })
    const page = await admin.send(`${PATH}/test-mail`)
    expect(wordsOf(page.html)).toContain('The mail server took the test mail. Look for it at person-1@example.com.')
    expect(smtp.mails.map(({ from, to }) => [from, ...to])).toEqual([['hooks@nordlys.example', 'person-1@example.com']])
  })

  test('what the mail server says against it is shown', async () => {
    const smtp = await startSmtp()
    const app = await testApp({ env: { SMTP_URL: smtp.url } })
    const admin = await app.login()
    smtp.refuse('550 not from here')
    expect(wordsOf((await admin.send(`${PATH}/test-mail`)).html)).toContain('550 not from here')
  })

  test('without a mail server the page says how to set one up', async () => {
    const admin = await (await testApp()).login()
    expect(wordsOf((await admin.get(PATH)).html)).toContain('No mail server is set up')
  })
})
