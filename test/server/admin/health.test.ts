import { describe, expect, test, vi } from 'vitest'
import type { BackupState } from '../../../server/deps.ts'
import { MINUTE } from '../../../server/lib/clock.ts'
import { copyOf, markCopy } from '../../../server/webhooks/copy.ts'
import { createDispatcher } from '../../../server/webhooks/dispatch.ts'
import { SECRET_NOT_TAKEN } from '../../../server/webhooks/lifecycle.ts'
import { switchSending } from '../../../server/webhooks/sending.ts'
import { testApp } from '../../support/app.ts'
import { wordsOf } from '../../support/form.ts'
import { startReceiver } from '../../support/receiver.ts'

const SAFE = {
  OUTBOUND_ALLOW: '',
  APP_SECRET: 'an app secret of a test, 32 characters or more',
  SMTP_URL: 'smtp://mail.example.com',
}
const HEALTH = '/network/health'
const mainOf = (html: string): string => wordsOf(html.replace(/^.*<main/s, ''))
const bubbleOf = (html: string): string | null => /Health <span class="bubble">(\d+)</.exec(html)?.[1] ?? null

test('a network that is well is calm', async () => {
  const app = await testApp({ env: SAFE })
  await app.webhook({ url: 'https://example.com/in' })
  const { html } = await (await app.login()).get(HEALTH)
  const text = mainOf(html)
  expect(text).toContain('All is well')
  expect(text).toContain('12 passed checks')
  expect(text).not.toMatch(/critical|recommended|Sending is off/)
  expect(text).toMatch(/It takes [\d.,]+ (KiB|MiB)/)
  expect(bubbleOf(html)).toBeNull()
})

test('what can be better says what to do, and rings no bell', async () => {
  const app = await testApp({ env: { OUTBOUND_ALLOW: '127.0.0.0/8,10.0.0.7' } })
  await app.webhook({ name: 'Alerts', url: 'http://127.0.0.1:9/in' })
  const { html } = await (await app.login()).get(HEALTH)
  const text = mainOf(html)
  expect(text).toContain('Can be improved')
  expect(text).toContain('4 recommended improvements')
  expect(text).toContain('although they are private: 127.0.0.0/8, 10.0.0.7.')
  expect(text).toContain('A webhook posts without https Security Anybody on the way can read it.')
  expect(text).toContain('Alerts 127.0.0.1:9/…')
  expect(text).toContain('Set APP_SECRET to the content of the file app-secret there')
  expect(text).toContain('Set SMTP_URL')
  expect(bubbleOf(html)).toBeNull()
})

test('a plugin that somebody paused is no emergency, and one that its faults paused is', async () => {
  const app = await testApp({ env: SAFE })
  const admin = await app.login()
  await admin.post('/network/plugins/payments/pause')
  const paused = await admin.get(HEALTH)
  expect(mainOf(paused.html)).toContain('1 recommended improvement')
  expect(mainOf(paused.html)).toContain('Payments Ingrid Nord paused it.')
  expect(bubbleOf(paused.html)).toBeNull()
  for (let n = 0; n < 5; n++) await app.deps.host.blame('accounts/page:/x', null, new Error('It fell over.'))
  expect(bubbleOf((await admin.get(HEALTH)).html)).toBe('1')
})

test('a webhook that was switched off is critical, with the reason; one that waits for its secret to be taken is not', async () => {
  const receiver = await startReceiver({ answer: () => ({ status: 410 }) })
  const app = await testApp({ env: { ...SAFE, OUTBOUND_ALLOW: '127.0.0.0/8' } })
  const admin = await app.login()
  await app.webhook({ name: 'Staging mirror', url: receiver.url, events: ['payment_received'] })
  await app.emit()
  await app.deliver()
  const { html } = await admin.get(HEALTH)
  expect(mainOf(html)).toContain('1 critical issue')
  expect(mainOf(html)).toMatch(
    /A webhook was switched off .*Staging mirror Switched off\. The receiver answered 410 Gone/,
  )
  expect(bubbleOf(html)).toBe('1')
  expect(bubbleOf((await admin.get('/network/webhooks')).html)).toBe('1')
  const { db } = app.deps
  await db.commit([db.q.updateTable('webhook').set({ state_reason: SECRET_NOT_TAKEN })])
  expect(mainOf((await admin.get(HEALTH)).html)).toContain('All webhooks work')
})

test('a failing webhook is critical, and its receiver is spared', async () => {
  const receiver = await startReceiver({ answer: () => ({ status: 503 }) })
  const app = await testApp({ env: { ...SAFE, OUTBOUND_ALLOW: '127.0.0.0/8' } })
  await app.webhook({ name: 'Order desk', url: receiver.url, retrySchedule: [] })
  for (let n = 0; n < 12; n++) {
    await app.emit()
    await app.deliver()
    app.clock.advance(16 * MINUTE)
  }
  const { html } = await (await app.login()).get(HEALTH)
  expect(mainOf(html)).toContain('A webhook is failing')
  expect(mainOf(html)).toMatch(/Order desk 127\.0\.0\.1:\d+: \d+ failures in a row since/)
  expect(mainOf(html)).toContain('A receiver is called less often')
  expect(bubbleOf(html)).toBe('1')
})

test('what is due for long is told, and one that is slow because it was asked to be is no alarm', async () => {
  const app = await testApp({ env: SAFE })
  const admin = await app.login()
  const id = await app.webhook({ name: 'Order desk', url: 'https://example.com/in' })
  await app.emit()
  app.clock.advance(3 * MINUTE)
  expect(mainOf((await admin.get(HEALTH)).html)).toContain('Recommended The queue is long')
  app.clock.advance(20 * MINUTE)
  const late = await admin.get(HEALTH)
  expect(mainOf(late.html)).toContain('Critical The queue is long')
  expect(mainOf(late.html)).toContain('one of Order desk. It was due 23 minutes ago.')
  expect(mainOf(late.html)).toContain('Queue Pending 1 Waiting for a retry 0')
  expect(bubbleOf(late.html)).toBe('1')
  const { db } = app.deps
  await db.commit([db.q.updateTable('webhook').set({ rate_per_second: 1 }).where('id', '=', id)])
  const slow = await admin.get(HEALTH)
  expect(mainOf(slow.html)).toContain('Recommended One webhook lags behind')
  expect(bubbleOf(slow.html)).toBeNull()
})

test('a clock that went back is told', async () => {
  const app = await testApp({ env: SAFE })
  const admin = await app.login()
  await app.emit()
  app.clock.advance(-2 * MINUTE)
  expect(mainOf((await admin.get(HEALTH)).html)).toContain('Critical The clock of this server went back')
})

test('one switch holds all sending: told on every page, audited, and released when it is on again', async () => {
  const receiver = await startReceiver()
  const app = await testApp({ env: { ...SAFE, OUTBOUND_ALLOW: '127.0.0.0/8' } })
  const admin = await app.login()
  const id = await app.webhook({ url: receiver.url })
  await app.emit()
  const off = await admin.send(`${HEALTH}/sending`, { sending: 'off' })
  expect(mainOf(off.html)).toContain('Sending is switched off.')
  await app.emit()
  await app.deliver()
  expect(receiver.requests).toEqual([])
  for (const path of ['/network', '/network/webhooks', '/account']) {
    const { html } = await admin.get(path)
    expect(mainOf(html)).toContain('Sending is off. Events are kept')
    expect(html).toContain('aria-label="Sending off"')
  }
  const viewer = await (await app.login('viewer')).get('/network')
  expect(mainOf(viewer.html)).toContain('until a super admin of this network switches it on')
  expect(viewer.html).not.toContain(HEALTH)
  expect((await admin.post(`/network/webhooks/${id}/test`)).html).toContain('Sending is switched off')
  const on = await admin.send(`${HEALTH}/sending`, { sending: 'on' })
  expect(mainOf(on.html)).toContain('Sending is on.')
  expect(mainOf(on.html)).not.toContain('Sending is off.')
  await app.deliver()
  expect(receiver.requests).toHaveLength(2)
  const audit = await app.deps.db.q.selectFrom('audit').select('action').where('target', '=', 'network').execute()
  expect(audit.map(({ action }) => action)).toEqual(['sending.stopped', 'sending.resumed'])
  // All is released, so nothing is left to remember.
  const { db } = app.deps
  expect(await db.q.selectFrom('setting').select('value').where('name', '=', 'sending').execute()).toEqual([])
})

test('more than fits into one step is released by the ticks that follow', async () => {
  const app = await testApp({ env: SAFE })
  const admin = await app.login()
  const id = await app.webhook({ url: 'https://example.com/in', ratePerSecond: 1 })
  await admin.post(`${HEALTH}/sending`, { sending: 'off' })
  const sample = app.deps.host.eventType('payment_received')?.sample ?? {}
  for (let n = 0; n < 3; n++) {
    await app.deps.host.emit(
      Array.from({ length: 200 }, () => ({
        type: 'payment_received',
        site: 'sit_main',
        data: sample,
        source: 'plugin:test' as const,
      })),
    )
  }
  const { db } = app.deps
  const held = async () =>
    (await db.q.selectFrom('delivery').select('id').where('state', '=', 'held').where('webhook_id', '=', id).execute())
      .length
  expect(await held()).toBe(600)
  await admin.post(`${HEALTH}/sending`, { sending: 'on' })
  const dispatcher = createDispatcher({ ...app.deps, post: () => new Promise(() => {}) }, { owner: 'x', alone: false })
  await dispatcher.tick()
  expect(await held()).toBe(100)
  await dispatcher.tick()
  expect(await held()).toBe(0)
})

test('a restored copy says on every page why it does not send, until somebody switches it on', async () => {
  const app = await testApp({ env: SAFE })
  const { db } = app.deps
  const admin = await app.login()
  const since = Date.UTC(2026, 0, 31, 3)
  await db.commit([...switchSending(app.deps, false), markCopy(db, { kind: 'restored', since })])
  const what =
    'This network was restored from a backup of 31 Jan 2026, 03:00. What the original has sent since would be sent again.'
  for (const path of ['/network', '/account', HEALTH]) expect(mainOf((await admin.get(path)).html)).toContain(what)
  expect(mainOf((await admin.get(HEALTH)).html)).toContain('Recommended This is a restored copy')
  const viewer = await (await app.login('viewer')).get('/network')
  expect(mainOf(viewer.html)).toContain(`${what} Events are kept and deliveries wait, until a super admin`)
  const on = await admin.send(`${HEALTH}/sending`, { sending: 'on' })
  expect(mainOf(on.html)).not.toMatch(/restored/)
  expect(await copyOf(db)).toBeNull()
})

test('a database that was moved sends, and asks whether it is the only one', async () => {
  const app = await testApp({ env: SAFE })
  const { db } = app.deps
  const admin = await app.login()
  await db.commit([markCopy(db, { kind: 'moved', since: app.clock.now(), url: 'https://old.example.com' })])
  const moved = mainOf((await admin.get(HEALTH)).html)
  expect(moved).toContain('Recommended This may be a copy')
  expect(moved).toContain('ran at https://old.example.com. If it still runs there, both send the same.')
  expect(moved).toContain('It is the only one')
  const { html } = await admin.send(`${HEALTH}/sending`, { sending: 'on' })
  expect(mainOf(html)).not.toMatch(/may be a copy|the only one/)
})

describe('backups', () => {
  const made = (at: number) => ({ file: '/data/backups/hookline.db', bytes: 5_000_000, at })
  const stateOf = (state: Partial<BackupState>) => ({ last: null, isRunning: false, failed: null, ...state })
  const DONE = stateOf({ last: made(Date.UTC(2026, 0, 31)) })

  test.each([
    ['none was made', stateOf({}), 'Recommended There is no backup'],
    ['the last one is old', DONE, 'Recommended The last backup is old'],
    [
      'the last one failed',
      { ...DONE, failed: 'The disk is full.' },
      'The last backup failed Storage It said: The disk is full.',
    ],
    ['one is recent', stateOf({ last: made(Date.now() - MINUTE) }), 'Good There is a recent backup'],
    ['one is being made', stateOf({ isRunning: true }), 'Backups Being made'],
  ])('the page says when %s', async (_, state, words) => {
    const app = await testApp({ env: SAFE, backups: { state: () => state, make: () => Promise.resolve(state) } })
    const { html } = await (await app.login()).get(HEALTH)
    expect(mainOf(html)).toContain(words)
    expect(html.includes('Back up now')).toBe(!state.isRunning)
  })

  test.each([
    ['is made', DONE, 'The backup is made.'],
    ['takes its time', stateOf({ isRunning: true }), 'The backup is being made.'],
    [
      'cannot be made',
      stateOf({ failed: 'The disk is full.' }),
      'The backup could not be made. It said: The disk is full.',
    ],
  ])('the button says when one %s, and the audit log who pressed it', async (_, state, words) => {
    const app = await testApp({ env: SAFE, backups: { state: () => state, make: () => Promise.resolve(state) } })
    const admin = await app.login()
    expect((await admin.post(`${HEALTH}/backup`)).location).toBe(`${HEALTH}#h-backups`)
    expect(mainOf((await admin.get(HEALTH)).html)).toContain(words)
    const audit = await app.deps.db.q
      .selectFrom('audit')
      .select('actor_name')
      .where('action', '=', 'backup.started')
      .execute()
    expect(audit).toEqual([{ actor_name: 'Ingrid Nord' }])
    expect((await (await app.login('integration_admin')).post(`${HEALTH}/backup`)).status).toBe(403)
  })

  test('where the database is no file of ours there is nothing to press', async () => {
    const app = await testApp({ env: SAFE })
    const admin = await app.login()
    expect((await admin.get(HEALTH)).html).not.toContain('Back up now')
    expect((await admin.post(`${HEALTH}/backup`)).status).toBe(404)
    expect((await admin.get('/network/settings')).html).toContain('type="hidden" name="backups_kept"')
  })
})

test('slow writes are told of, with how slow', async () => {
  let most = 12
  const app = await testApp({ env: SAFE, writes: () => ({ p50: 4, p95: most, count: 500 }) })
  const admin = await app.login()
  expect(mainOf((await admin.get(HEALTH)).html)).toContain(
    'Good The database writes quickly Storage Of the last 500 writes, half took at most 4 ms, and 95% at most 12 ms.',
  )
  most = 900
  expect(mainOf((await admin.get(HEALTH)).html)).toContain('Recommended The database writes slowly')
})

test('what may be critical is read once, for the page and for the bell in its menu', async () => {
  const app = await testApp({ env: SAFE })
  const admin = await app.login()
  const reading = vi.spyOn(app.deps.db.q.getExecutor(), 'executeQuery')
  await admin.get(HEALTH)
  const reads = reading.mock.calls.map(([query]) => `${query.sql} ${JSON.stringify(query.parameters)}`)
  reading.mockRestore()
  for (const about of ['"webhook"', '"event"', 'from "delivery"', '"plugin_guard"', 'audit_check']) {
    const found = reads.filter((read) => read.includes(about))
    expect(found.length).toBeGreaterThan(0)
    expect(found).toEqual([...new Set(found)])
  }
})

test('DELIVERY=off stands above the switch', async () => {
  const app = await testApp({ env: { ...SAFE, DELIVERY: 'off' } })
  const admin = await app.login()
  const page = await admin.get(HEALTH)
  expect(mainOf(page.html)).toContain('They go out after a start with DELIVERY=on.')
  expect(page.html).not.toContain('name="sending"')
  const { html } = await admin.send(`${HEALTH}/sending`, { sending: 'on' })
  expect(mainOf(html)).toContain('Sending stays off.')
})

test('only super admins see it, and none of a site', async () => {
  const app = await testApp()
  await app.site('kafe')
  for (const who of [
    await app.login('integration_admin'),
    await app.login('viewer'),
    await app.login('site_admin', 'kafe'),
  ]) {
    expect((await who.get(HEALTH)).status).toBeGreaterThanOrEqual(403)
    expect((await who.post(`${HEALTH}/sending`, { sending: 'off' })).status).toBeGreaterThanOrEqual(403)
    expect((await who.get('/account')).html).not.toContain(HEALTH)
  }
})
