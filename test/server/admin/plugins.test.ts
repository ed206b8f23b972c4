import { expect, test } from 'vitest'
import { definePlugin } from 'hookline/plugin'
import { paymentReceived } from '../../../plugins/payments/plugin.ts'
import { testApp } from '../../support/app.ts'

const clumsy = definePlugin(
  {
    slug: 'clumsy',
    version: '0.4.2',
    title: 'Clumsy',
    requires: { host: '^1.0' },
    scope: 'network',
    defaultActive: true,
  },
  ({ on }) =>
    on(paymentReceived, () => {
      throw new TypeError('<b>no</b> balance here')
    }),
)
const rock = definePlugin({
  slug: 'rock',
  version: '1.0.0',
  title: 'Rock',
  requires: { host: '^1.0' },
  scope: 'network',
  mustUse: true,
})

const words = (html: string): string => html.replaceAll(/<[^>]*>/g, ' ').replaceAll(/\s+/g, ' ')

test('the list says what each plugin does and may do', async () => {
  const app = await testApp()
  const { html } = await (await app.login()).get('/network/plugins')
  const text = words(html)
  expect(text).toContain('Payments 1.0.0 Deactivate')
  expect(text).toMatch(/Sends payment_ received , payment_ failed , payment_ refunded/)
  expect(text).toContain('Stores payments Routes POST /payments')
})

test('the menu says that a plugin, and what is asked about it, is among the plugins', async () => {
  const admin = await (await testApp()).login()
  for (const path of [
    '/network/plugins',
    '/network/plugins/payments',
    '/network/plugins/payments/pause',
    '/network/hooks',
  ])
    expect((await admin.get(path)).html, path).toMatch(/<a href="\/network\/plugins" aria-current/)
})

test('switching a plugin off and on changes what can be emitted, and is audited', async () => {
  const app = await testApp()
  const admin = await app.login()
  const available = () => app.deps.host.isAvailable('payment_received', 'sit_main')
  expect(await available()).toBe(true)
  const off = await admin.send('/network/plugins/payments/deactivate')
  expect(off.html).toContain('Payments is inactive. What it stored is kept.')
  expect(await available()).toBe(false)
  await expect(app.emit()).rejects.toThrow()
  expect(words((await admin.get('/network/event-types')).html)).toMatch(/Payments \d+ Not available/)
  expect((await admin.get('/network/plugins?state=inactive')).html).toContain('plugins/payments/activate')
  expect((await admin.send('/network/plugins/payments/activate')).html).toContain('Payments is active.')
  expect(await available()).toBe(true)
  const audit = await app.deps.db.q.selectFrom('audit').select(['action', 'target', 'actor_name']).execute()
  expect(audit.filter(({ target }) => target === 'payments')).toEqual([
    { action: 'plugin.deactivated', target: 'payments', actor_name: 'Ingrid Nord' },
    { action: 'plugin.activated', target: 'payments', actor_name: 'Ingrid Nord' },
  ])
})

test('a handler that throws shows its fault: plugin, handler, event, message and stack', async () => {
  const app = await testApp({ plugins: [clumsy] })
  const admin = await app.login()
  await app.emit()
  const { html } = await admin.get('/network/plugins')
  const text = words(html)
  expect(text).toContain('1 fault')
  expect(text).toContain('clumsy/on: payment_ received#0 at the event payment_ received')
  expect(html).toContain('&lt;b&gt;no&lt;/b&gt; balance here')
  expect(html).toContain('plugins.test.ts')
  expect(html).not.toContain('<b>no</b>')
})

test('after five faults in a row it is paused, told, and resumed', async () => {
  const app = await testApp({ plugins: [clumsy] })
  const admin = await app.login()
  for (let i = 0; i < 5; i++) {
    await app.emit()
    app.clock.advance(61_000)
  }
  const paused = await admin.get('/network/plugins?state=paused')
  expect(paused.html).toContain('role="alert"')
  expect(words(paused.html)).toContain('Clumsy is paused. One of its handlers failed 5 times in a row.')
  expect(words((await admin.get('/network')).html)).toContain('Clumsy is paused')
  const resumed = await admin.send('/network/plugins/clumsy/resume')
  expect(resumed.html).toContain('Clumsy runs again.')
  expect(words(resumed.html)).not.toContain('Clumsy is paused.')
})

test('who pauses it is asked first and named, and nothing of it runs until it is resumed', async () => {
  const app = await testApp()
  const admin = await app.login()
  const available = () => app.deps.host.isAvailable('payment_received', 'sit_main')
  expect((await admin.get('/network/plugins')).html).toContain('href="/network/plugins/payments/pause"')
  const asked = await admin.get('/network/plugins/payments/pause')
  expect(words(asked.html)).toContain('Pause Payments?')
  expect(words(asked.html)).toContain('What its guards watch over is held')
  expect(await available()).toBe(true)
  const paused = await admin.send('/network/plugins/payments/pause')
  expect(words(paused.html)).toContain('Payments is paused. Ingrid Nord paused it.')
  expect(paused.html).not.toContain('href="/network/plugins/payments/pause"')
  expect(await available()).toBe(false)
  await admin.send('/network/plugins/payments/resume')
  expect(await available()).toBe(true)
  const audit = await app.deps.db.q.selectFrom('audit').select(['action', 'actor_name']).execute()
  expect(audit.slice(-2)).toEqual([
    { action: 'plugin.paused', actor_name: 'Ingrid Nord' },
    { action: 'plugin.resumed', actor_name: 'Ingrid Nord' },
  ])
})

test('a must-use plugin has no switch, and no POST switches it', async () => {
  const app = await testApp({ plugins: [rock] })
  const admin = await app.login()
  const { html } = await admin.get('/network/plugins?state=must-use')
  expect(html).toContain('Must-use')
  expect(html).not.toContain('/network/plugins/rock/deactivate')
  expect((await admin.post('/network/plugins/rock/deactivate')).status).toBe(409)
  expect(html).not.toContain('/network/plugins/rock/pause')
  expect((await admin.post('/network/plugins/rock/pause')).status).toBe(409)
  expect((await admin.post('/network/plugins/nobody/activate')).status).toBe(404)
  expect((await admin.get('/network/plugins/nobody/pause')).status).toBe(404)
})

test('only who may change the network may switch plugins', async () => {
  const app = await testApp()
  const integrations = await app.login('integration_admin')
  expect((await integrations.get('/network/plugins')).status).toBe(403)
  expect((await integrations.post('/network/plugins/payments/deactivate')).status).toBe(403)
})

test('the list is sorted, and many plugins are switched at once; must-use ones are left alone', async () => {
  const app = await testApp({ plugins: [clumsy, rock] })
  const admin = await app.login()
  const names = async (search: string) =>
    Array.from(
      (await admin.get(`/network/plugins${search}`)).html.matchAll(/class="primary">\s*<a [^>]*>([^<]*)</g),
      ([, name = '']) => name,
    ).filter((name) => name === 'Clumsy' || name === 'Rock')
  expect(await names('?sort=name')).toEqual(['Clumsy', 'Rock'])
  expect(await names('?sort=-name')).toEqual(['Rock', 'Clumsy'])
  const act = (action: string) =>
    admin.send(
      '/network/plugins',
      new URLSearchParams([
        ['action', action],
        ['id', 'clumsy'],
        ['id', 'rock'],
        ['id', 'x'],
      ]),
    )
  expect(words((await act('deactivate')).html)).toContain('Plugins deactivated: 1.')
  expect(await names('?state=inactive')).toEqual(['Clumsy'])
  expect(words((await act('activate')).html)).toContain('Plugins activated: 1.')
  expect(words((await act('resume')).html)).toContain('Nothing was done.')
  const audit = await app.deps.db.q.selectFrom('audit').select(['action', 'target']).orderBy('seq').execute()
  expect(audit.filter(({ action }) => action.startsWith('plugin.'))).toEqual([
    { action: 'plugin.deactivated', target: 'clumsy' },
    { action: 'plugin.activated', target: 'clumsy' },
  ])
})
