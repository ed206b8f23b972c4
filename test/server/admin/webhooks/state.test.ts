import { expect, test } from 'vitest'
import { testApp, type TestApp } from '../../../support/app.ts'
import { fillIn, wordsOf } from '../../../support/form.ts'
import { startReceiver } from '../../../support/receiver.ts'

const LIST = '/network/webhooks'

const stateOf = async ({ deps }: TestApp, id: string) =>
  (await deps.db.q.selectFrom('webhook').select('state').where('id', '=', id).executeTakeFirst())?.state
const deliveries = async ({ deps }: TestApp) =>
  (await deps.db.q.selectFrom('delivery').select('state').orderBy('seq').execute()).map(({ state }) => state)
const audited = async ({ deps }: TestApp, target: string) =>
  (await deps.db.q.selectFrom('audit').select('action').where('target', '=', target).orderBy('seq').execute()).map(
    ({ action }) => action,
  )

async function network(reply = 200) {
  const receiver = await startReceiver({ answer: () => ({ status: reply }) })
  const app = await testApp()
  const id = await app.webhook({ name: 'Books', url: receiver.url, retrySchedule: [60] })
  return { ...app, receiver, id, path: `${LIST}/${id}`, admin: await app.login() }
}

test('Retire holds what waits and stops what is new; the list is as it was', async () => {
  const app = await network(500)
  await app.emit()
  await app.deliver()
  const back = `${LIST}?state=active&sort=name`
  const retired = await app.admin.post(`${app.path}/retire`, { back })
  expect(retired.location).toBe(back)
  expect(wordsOf((await app.admin.get(back)).html)).toContain('Books is retired.')
  await app.emit()
  expect(await deliveries(app)).toEqual(['held'])
  expect(await stateOf(app, app.id)).toBe('retired')
  expect((await app.admin.post(`${app.path}/retire`, { back: 'https://evil.example/' })).location).toBe(app.path)
  expect(await audited(app, app.id)).toEqual(['webhook.retired'])
})

test.each([
  ['send', ['delivered', 'delivered'], 2],
  ['discard', ['cancelled', 'cancelled'], 0],
] as const)('Activate asks whether to send or discard what is held: %s', async (held, states, requests) => {
  const app = await network()
  await app.emit()
  await app.emit({ type: 'payment_failed' })
  await app.admin.post(`${app.path}/retire`)
  const asked = await app.admin.send(`${app.path}/activate`)
  expect(wordsOf(asked.html)).toContain('2 deliveries are held for this webhook. Send them now, or discard them?')
  expect(await stateOf(app, app.id)).toBe('retired')
  const done = await app.admin.send(`${app.path}/activate`, { held })
  expect(wordsOf(done.html)).toContain('Books is active. It sends from now on.')
  await app.deliver()
  expect(await deliveries(app)).toEqual(states)
  expect(app.receiver.requests).toHaveLength(requests)
  expect(await audited(app, app.id)).toEqual(['webhook.retired', 'webhook.activated'])
})

test('with nothing held, Activate does not ask', async () => {
  const app = await network()
  await app.admin.post(`${app.path}/retire`)
  expect((await app.admin.post(`${app.path}/activate`)).location).toBe(app.path)
  expect(await stateOf(app, app.id)).toBe('active')
})

test('the switch in the form is the same: off retires, on leads to the question after saving the rest', async () => {
  const app = await network()
  await app.emit()
  const off = fillIn((await app.admin.get(app.path)).html, 'webhook', { active: null })
  expect(wordsOf((await app.admin.send(app.path, off)).html)).toContain('Webhook saved. It is off, so nothing is sent.')
  expect(await deliveries(app)).toEqual(['held'])
  const on = fillIn((await app.admin.get(app.path)).html, 'webhook', { active: '1', name: 'Renamed' })
  const asked = await app.admin.post(app.path, on)
  expect(asked.location).toBe(`${app.path}/activate`)
  expect(wordsOf((await app.admin.get(asked.location)).html)).toContain('Activate Renamed? Webhook saved.')
  expect(await stateOf(app, app.id)).toBe('retired')
  await app.admin.post(asked.location, { held: 'send' })
  await app.deliver()
  expect(app.receiver.requests).toHaveLength(1)
})

test('a webhook that we switched off stays off when its form is saved, and Activate resumes it', async () => {
  const app = await network(410)
  await app.emit()
  await app.deliver()
  expect(await stateOf(app, app.id)).toBe('disabled')
  const { html } = await app.admin.get(app.path)
  expect(wordsOf(html)).toContain('This webhook is switched off.')
  expect(wordsOf(html)).toContain('Put right what is wrong, send a test event, then activate it.')
  await app.admin.post(app.path, fillIn(html, 'webhook', { name: 'Renamed' }))
  expect(await stateOf(app, app.id)).toBe('disabled')
  await app.admin.post(`${app.path}/activate`, { held: 'discard' })
  expect(await stateOf(app, app.id)).toBe('active')
})

test('a webhook of an archived site is not switched on', async () => {
  const app = await network()
  const site = await app.site('kafe')
  const id = await app.webhook({ url: app.receiver.url, active: false }, site)
  await app.deps.db.commit([app.deps.db.q.updateTable('site').set({ state: 'archived' }).where('id', '=', site)])
  const { html } = await app.admin.send(`${LIST}/${id}/activate`)
  expect(wordsOf(html)).toContain('The site of this webhook is archived.')
  expect(await stateOf(app, id)).toBe('retired')
})

test('Delete asks first; then the webhook is gone, what waited is cancelled, and the log keeps its name', async () => {
  const app = await network(500)
  await app.emit()
  await app.deliver()
  const { html } = await app.admin.get(`${app.path}/delete`)
  expect(wordsOf(html)).toContain('Delete Books?')
  expect(await stateOf(app, app.id)).toBe('active')
  expect(wordsOf((await app.admin.send(`${app.path}/delete`)).html)).toContain('Books is deleted.')
  expect((await app.admin.get(app.path)).status).toBe(404)
  expect(await deliveries(app)).toEqual(['cancelled'])
  expect(await audited(app, app.id)).toEqual(['webhook.deleted'])
  expect((await app.admin.post(`${app.path}/delete`)).status).toBe(404)
})

test('bulk actions do the same to the ticked ones, and Delete asks once for all', async () => {
  const app = await network()
  const other = await app.webhook({ name: 'Other', url: app.receiver.url })
  const ticked = (action: string) =>
    new URLSearchParams([
      ['action', action],
      ['id', app.id],
      ['id', other],
      ['id', 'whk_x'],
    ])
  await app.emit({ type: 'payment_received' })
  await app.deliver()
  expect(wordsOf((await app.admin.send(LIST, ticked('retire'))).html)).toContain('Webhooks retired: 2.')
  await app.admin.post(`${LIST}/${other}/activate`)
  await app.emit()
  await app.admin.post(`${LIST}/${other}/retire`)
  const activated = await app.admin.send(LIST, ticked('activate'))
  expect(wordsOf(activated.html)).toContain('Webhooks activated: 1. 1 were left out')
  expect([await stateOf(app, app.id), await stateOf(app, other)]).toEqual(['active', 'retired'])

  const asked = await app.admin.post(LIST, ticked('delete'))
  expect(asked.status).toBe(200)
  expect(wordsOf(asked.html)).toContain('Delete 2 webhooks? Books Other')
  const fields = Object.fromEntries(
    Array.from(asked.html.matchAll(/type="hidden" name="(\w+)" value="([^"]*)"/g), ([, name = '', value = '']) => [
      name,
      value,
    ]),
  )
  expect(wordsOf((await app.admin.send(LIST, fields)).html)).toContain('Webhooks deleted: 2.')
  expect(await app.deps.db.q.selectFrom('webhook').selectAll().execute()).toEqual([])
})

test('a bulk action without a choice does nothing and says so', async () => {
  const app = await network()
  for (const fields of [{ action: 'retire' }, { action: '', id: app.id }, { action: 'explode', id: app.id }])
    expect(wordsOf((await app.admin.send(LIST, fields)).html)).toContain('Nothing was done.')
  expect(await stateOf(app, app.id)).toBe('active')
})
