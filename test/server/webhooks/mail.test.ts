import { describe, expect, test } from 'vitest'
import { HOUR, MINUTE } from '../../../server/lib/clock.ts'
import type { HealthChange } from '../../../server/webhooks/judge.ts'
import { lettersOf, writeMail } from '../../../server/webhooks/mail.ts'
import { headerText, senderOf } from '../../../server/webhooks/mail-text.ts'
import { switchSending } from '../../../server/webhooks/sending.ts'
import { testApp, type TestApp } from '../../support/app.ts'
import { startReceiver } from '../../support/receiver.ts'
import { startSmtp } from '../../support/smtp.ts'

const change = (n: number, more: Partial<HealthChange> = {}): HealthChange => ({
  webhook: `whk_${n}`,
  name: `Order desk ${n}`,
  owner: 'network',
  change: 'failing',
  reason: 'The last ten attempts have failed.',
  failures: 10,
  since: 0,
  ...more,
})

const write = ({ deps }: TestApp, changes: readonly HealthChange[]) => deps.db.commit(writeMail(deps, changes))

test('super admins are told when a webhook is switched off, each in their own language, and only they', async () => {
  const smtp = await startSmtp()
  const receiver = await startReceiver({ answer: () => ({ status: 410 }) })
  const app = await testApp({ env: { SMTP_URL: smtp.url, PUBLIC_URL: 'https://hooks.nordlys.example' } })
  await app.login('super_admin')
  await app.login('super_admin')
  await app.login('viewer')
  const { db } = app.deps
  await db.commit([db.q.updateTable('user').set({ locale: 'nb' }).where('email', '=', 'person-2@example.com')])
  const id = await app.webhook({ name: 'Order desk', url: receiver.url })
  await app.emit()
  await app.deliver()
  await app.emit()
  await app.deliver()
  await app.tidy()
  await app.tidy()
  expect(smtp.mails.map(({ to }) => to).sort()).toEqual([['person-1@example.com'], ['person-2@example.com']])
  const mail = smtp.mails.find(({ to }) => to[0] === 'person-1@example.com')
  expect(mail?.from).toBe('hookline@hooks.nordlys.example')
  expect(mail?.headers).toContain('Subject: Hookline: The webhook Order desk was switched off')
  expect(mail?.headers.some((line) => line.startsWith('Content-Type: text/plain'))).toBe(true)
  expect(mail?.text).toContain('The receiver answered 410 Gone')
  expect(mail?.text).toContain(`https://hooks.nordlys.example/network/webhooks/${id}`)
  expect(await db.q.selectFrom('mail').selectAll().execute()).toEqual([])
})

test('a mail server that refuses holds up nothing, and gets it again later', async () => {
  const smtp = await startSmtp()
  const receiver = await startReceiver({ answer: () => ({ status: 410 }) })
  const app = await testApp({ env: { SMTP_URL: smtp.url } })
  const admin = await app.login()
  await app.webhook({ url: receiver.url })
  smtp.refuse('451 try later')
  await app.emit()
  await app.deliver()
  expect(receiver.requests).toHaveLength(1)
  await app.tidy()
  await app.tidy()
  expect(smtp.mails).toEqual([])
  const health = await admin.get('/network/health')
  expect(health.html).toContain('Mail does not go out')
  expect(health.html).toContain('451 try later')
  smtp.refuse(null)
  await app.tidy()
  expect(smtp.mails).toEqual([])
  app.clock.advance(MINUTE)
  await app.tidy()
  expect(smtp.mails).toHaveLength(1)
  expect((await admin.get('/network/health')).html).toContain('Mail is set up')
})

test('ten an hour at most: the last one that may go takes all the others along', async () => {
  const smtp = await startSmtp()
  const app = await testApp({ env: { SMTP_URL: smtp.url } })
  await app.login()
  await write(
    app,
    Array.from({ length: 30 }, (_, n) => change(n)),
  )
  await app.tidy()
  expect(smtp.mails).toHaveLength(10)
  const digest = smtp.mails.at(-1)
  expect(digest?.headers).toContain('Subject: Hookline: 21 changes of webhooks')
  expect(digest?.text.match(/The webhook Order desk \d+ is failing/g)).toHaveLength(21)
  await write(app, [change(30), change(31)])
  await app.tidy()
  expect(smtp.mails).toHaveLength(10)
  app.clock.advance(HOUR)
  await app.tidy()
  expect(smtp.mails).toHaveLength(12)
})

test('who is no super admin any more gets nothing, and what is too old is forgotten', async () => {
  const smtp = await startSmtp()
  const app = await testApp({ env: { SMTP_URL: smtp.url } })
  await app.login()
  const { db } = app.deps
  await write(app, [change(1)])
  await db.commit([db.q.updateTable('user').set({ role: 'viewer' })])
  await app.tidy()
  await db.commit([db.q.updateTable('user').set({ role: 'super_admin' })])
  await write(app, [change(2)])
  app.clock.advance(80 * HOUR)
  await app.tidy()
  expect(smtp.mails).toEqual([])
  expect(await db.q.selectFrom('mail').selectAll().execute()).toEqual([])
})

test('while sending is off news wait: those of a copy have been told by the original', async () => {
  const smtp = await startSmtp()
  const app = await testApp({ env: { SMTP_URL: smtp.url } })
  await app.login()
  await write(app, [change(1)])
  const { deps } = app
  await deps.db.commit(switchSending(deps, false))
  await app.tidy()
  expect(smtp.mails).toEqual([])
  await deps.db.commit(switchSending(deps, true))
  await app.tidy()
  expect(smtp.mails).toHaveLength(1)
})

test('without a mail server nothing is written down', async () => {
  const app = await testApp()
  await app.login()
  expect(writeMail(app.deps, [change(1)])).toEqual([])
})

test('a name with line breaks makes no further header', async () => {
  const smtp = await startSmtp()
  const app = await testApp({ env: { SMTP_URL: smtp.url } })
  await app.login()
  await write(app, [change(1, { name: 'Desk\r\nBcc: eve@example.com\r\n\r\nHello' })])
  await app.tidy()
  expect(smtp.mails[0]?.to).toEqual(['person-1@example.com'])
  expect(smtp.mails[0]?.headers.filter((line) => /^bcc/i.test(line))).toEqual([])
  expect(smtp.mails[0]?.headers).toContain('Subject: Hookline: The webhook Desk Bcc: eve@example.com Hello is failing')
})

describe('what goes into which mail', () => {
  test.each<[rows: number[], free: number, mails: number[][]]>([
    [[1, 2], 10, [[1], [2]]],
    [[1, 2], 2, [[1], [2]]],
    [[1, 2, 3], 2, [[1], [2, 3]]],
    [[1, 2, 3], 1, [[1, 2, 3]]],
    [[1], 1, [[1]]],
    [[1, 2], 0, []],
    [[1], -1, []],
    [[], 3, []],
  ])('%j with room for %i', (rows, free, mails) => {
    expect(lettersOf(rows, free)).toEqual(mails)
  })
})

test.each([
  ['https://hooks.example.com', 'hookline@hooks.example.com'],
  ['http://127.0.0.1:3000', 'hookline@localhost'],
  ['http://[::1]:3000', 'hookline@localhost'],
])('mails of %s are from %s', (url, sender) => {
  expect(senderOf(url)).toBe(sender)
})

test('a header is one line of bounded length', () => {
  expect(headerText(`a\r\n\tb\u2028c${'d'.repeat(500)}`)).toBe(`a b c${'d'.repeat(195)}`)
})
