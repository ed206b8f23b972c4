import { expect, test } from 'vitest'
import { definePlugin, webhookPayload } from 'hookline/plugin'
import { paymentReceived } from '../../../plugins/payments/plugin.ts'
import { testApp } from '../../support/app.ts'

const about = { version: '1.0.0', requires: { host: '^1.0' }, scope: 'network', defaultActive: true } as const
const words = (html: string): string => html.replaceAll(/<[^>]*>/g, ' ').replaceAll(/\s+/g, ' ')

const seen: string[] = []
const early = definePlugin({ ...about, slug: 'zebra', title: 'Zebra' }, ({ on, filter }) => {
  on(paymentReceived, () => void seen.push('zebra'), { priority: 5 })
  filter(webhookPayload, (payload) => payload, { id: 'look' })
})
const late = definePlugin({ ...about, slug: 'ant', title: 'Ant' }, ({ on, widget, healthCheck }) => {
  on(paymentReceived, () => {
    seen.push('ant')
    throw new Error('Too heavy.')
  })
  widget('crumbs', { title: 'Crumbs found', template: 'crumbs', load: () => ({}) })
  healthCheck('sugar', () => ({ rank: 'good', title: 'There is sugar', text: 'Enough of it.' }))
})

test('the Hooks page names every handler in the order in which they run, with how they did', async () => {
  const app = await testApp({ plugins: [early, late] })
  const admin = await app.login()
  await app.emit()
  const { html } = await admin.get('/network/hooks?kind=listener')
  const rows = html
    .split('<tr>')
    .map(words)
    .filter((row) => row.includes('payment_ received'))
  expect(rows).toEqual([
    expect.stringMatching(/payment_ received Zebra zebra\/on: payment_ received#0 Mute .* 5 1 .* 0 $/),
    expect.stringMatching(/payment_ received Ant ant\/on: payment_ received#0 Mute .* 10 1 .* 1 /),
  ])
  expect(words((await admin.get('/network/hooks')).html)).toContain('webhook_ payload Filters Zebra zebra/look')
  expect((await admin.get('/network/plugins')).html).toContain('href="/network/hooks"')
})

test('a muted handler does not run, says who muted it, and runs again when it is unmuted', async () => {
  const app = await testApp({ plugins: [early, late] })
  const admin = await app.login()
  const handler = 'ant/on:payment_received#0'
  const muted = await admin.send('/network/hooks/mute', { handler, from: 'hooks' })
  expect(words(muted.html)).toContain('Muted by Ingrid Nord on')
  seen.length = 0
  await app.emit()
  expect(seen).toEqual(['zebra'])
  await admin.send('/network/hooks/unmute', { handler, from: 'hooks' })
  await app.emit()
  expect(seen).toEqual(['zebra', 'zebra', 'ant'])
})

test('safe mode takes plugins out of the pages of one super admin, and of nobody else', async () => {
  const app = await testApp({ plugins: [early, late] })
  const [admin, other] = [await app.login(), await app.login()]
  expect((await admin.get('/network')).html).toContain('/network/plugins/payments/payments')
  expect(words((await admin.get('/network')).html)).toContain('Crumbs found')
  const on = await admin.send('/network/safe-mode', { on: '1' })
  expect(words(on.html)).toContain('Your pages show nothing of plugins now.')
  const { html } = await admin.get('/network')
  expect(words(html)).toContain('Safe mode is on for you.')
  expect(html).not.toContain('/network/plugins/payments/payments')
  expect(words(html)).not.toContain('Crumbs found')
  expect(words((await admin.get('/network/health')).html)).not.toContain('There is sugar')
  expect((await admin.get('/network/plugins/payments/payments')).status).toBe(409)
  expect(words((await other.get('/network')).html)).toContain('Crumbs found')
  seen.length = 0
  await app.emit()
  expect(seen).toEqual(['zebra', 'ant'])
  await admin.send('/network/safe-mode', { on: '' })
  expect(words((await admin.get('/network')).html)).toContain('Crumbs found')
})

test('neither is for who may not change the network', async () => {
  const app = await testApp()
  const integrations = await app.login('integration_admin')
  expect((await integrations.get('/network/hooks')).status).toBe(403)
  expect((await integrations.post('/network/safe-mode', { on: '1' })).status).toBe(403)
})
