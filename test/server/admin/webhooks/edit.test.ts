import { expect, test } from 'vitest'
import { MINUTE } from '../../../../server/lib/clock.ts'
import { plainSigning } from '../../../../server/webhooks/sign.ts'
import { testApp, type TestApp, type Visitor } from '../../../support/app.ts'
import { fillIn, wordsOf } from '../../../support/form.ts'
import { startReceiver } from '../../../support/receiver.ts'

const stored = ({ deps }: TestApp, id: string) =>
  deps.db.q.selectFrom('webhook').selectAll().where('id', '=', id).executeTakeFirstOrThrow()

const audited = async ({ deps }: TestApp, target: string): Promise<string[]> => {
  const rows = await deps.db.q
    .selectFrom('audit')
    .select('action')
    .where('target', '=', target)
    .orderBy('seq')
    .execute()
  return rows.map(({ action }) => action)
}

async function edit(admin: Visitor, path: string, fields: Parameters<typeof fillIn>[2] = {}) {
  const { html } = await admin.get(path)
  return admin.post(path, fillIn(html, 'webhook', fields))
}

test('a webhook is changed, and the log knows what it was', async () => {
  const app = await testApp()
  const admin = await app.login()
  const id = await app.webhook({ name: 'Before', url: 'https://books.example/a?token=secret' })
  const path = `/network/webhooks/${id}`
  const changed = await edit(admin, path, {
    name: 'After',
    format: 'flat',
    retry_schedule: '',
    events: 'account_created',
  })
  expect(changed.status).toBe(303)
  expect(wordsOf((await admin.get(changed.location)).html)).toContain('Webhook saved.')
  expect(await stored(app, id)).toMatchObject({ name: 'After', format: 'flat', retry_schedule: '[]', revision: 2 })
  const [row] = await app.deps.db.q.selectFrom('audit').selectAll().where('target', '=', id).execute()
  expect(JSON.parse(row?.before ?? '')).toMatchObject({ name: 'Before', url: 'books.example' })
  expect(JSON.parse(row?.after ?? '')).toMatchObject({ name: 'After', events: ['account_created'] })
})

test('a secret goes for good with the authentication that it was for', async () => {
  const app = await testApp()
  const id = await app.webhook({ url: 'https://books.example/', auth: 'basic', username: 'shop', password: 'wood' })
  const client = await app.client()
  const secrets = async () =>
    (await app.deps.db.q.selectFrom('webhook_secret').select('kind').where('webhook_id', '=', id).execute()).map(
      ({ kind }) => kind,
    )
  expect(await secrets()).toEqual(['password'])
  await client('PATCH', `/webhooks/${id}`, { auth: { type: 'bearer', token: 'rain' } })
  expect(await secrets()).toEqual(['token'])
  await client('PATCH', `/webhooks/${id}`, { auth: { type: 'signature' } })
  expect(await secrets()).toEqual(['v1'])
  await client('PATCH', `/webhooks/${id}`, { auth: { type: 'none' } })
  expect(await secrets()).toEqual([])
})

test('who saves second sees both values, and nothing is lost until they save again', async () => {
  const app = await testApp()
  const [one, other] = [await app.login(), await app.login()]
  const id = await app.webhook({ name: 'Before', url: 'https://books.example/' })
  const path = `/network/webhooks/${id}`
  const { html } = await other.get(path)
  await edit(one, path, { name: 'Theirs', timeout_seconds: '9' })
  const refused = await other.post(path, fillIn(html, 'webhook', { name: 'Mine', description: 'New' }))
  expect(refused.status).toBe(409)
  const words = wordsOf(refused.html)
  expect(words).toContain('Somebody else saved this webhook while you had it open.')
  expect(words).toContain('Name Theirs Mine')
  expect(words).toContain('Time-out in seconds 9 5')
  expect(words).toContain('Description – New')
  expect(await stored(app, id)).toMatchObject({ name: 'Theirs', description: '' })
  expect((await other.post(path, fillIn(refused.html, 'webhook'))).status).toBe(303)
  expect(await stored(app, id)).toMatchObject({ name: 'Mine', description: 'New', timeout_seconds: 5 })
})

test('the same form sent twice is no conflict', async () => {
  const app = await testApp()
  const admin = await app.login()
  const id = await app.webhook({ url: 'https://books.example/' })
  const path = `/network/webhooks/${id}`
  const form = fillIn((await admin.get(path)).html, 'webhook', { name: 'Twice' })
  const answers = await Promise.all([admin.post(path, form), admin.post(path, form)])
  expect(answers.map(({ status }) => status)).toEqual([303, 303])
  expect((await stored(app, id)).name).toBe('Twice')
})

test('two different forms at the same moment: one is saved, the other is asked', async () => {
  const app = await testApp()
  const admin = await app.login()
  const id = await app.webhook({ url: 'https://books.example/' })
  const path = `/network/webhooks/${id}`
  const { html } = await admin.get(path)
  const answers = await Promise.all(['One', 'Other'].map((name) => admin.post(path, fillIn(html, 'webhook', { name }))))
  expect(answers.map(({ status }) => status).sort()).toEqual([303, 409])
})

test('an event whose plugin is gone stays chosen and can be taken off', async () => {
  const app = await testApp()
  const admin = await app.login()
  const id = await app.webhook({ url: 'https://books.example/', events: ['gone_event', 'payment_received'] })
  const path = `/network/webhooks/${id}`
  const { html } = await admin.get(path)
  expect(wordsOf(html)).toContain('No plugin here sends it any more.')
  expect((await edit(admin, path, { name: 'Still works' })).status).toBe(303)
  expect((await edit(admin, path, { events: 'payment_received' })).status).toBe(303)
  expect(wordsOf((await admin.get(path)).html)).not.toContain('gone_event')
})

const signed = { url: 'https://books.example/', auth: 'signature', signing: plainSigning } as const

test('a stored secret is shown only after the password was typed lately, and the log says who saw it', async () => {
  const app = await testApp()
  const admin = await app.login()
  const id = await app.webhook(signed)
  const path = `/network/webhooks/${id}`
  expect((await admin.get(path)).html).not.toMatch(/whsec_[A-Za-z0-9+/]{32}/)
  const shown = await admin.post(`${path}/secret`, fillIn((await admin.get(path)).html, 'webhook', { name: 'Typed' }))
  expect(shown.html).toMatch(/whsec_[A-Za-z0-9+/]{32}/)
  expect(fillIn(shown.html, 'webhook').get('name')).toBe('Typed')
  const file = await admin.post(`${path}/signature.json`)
  const { secret, webhookId } = JSON.parse(file.html) as { secret: string; webhookId: string }
  expect([webhookId, shown.html.includes(secret)]).toEqual([id, true])
  expect(await audited(app, id)).toEqual(['webhook.secret_shown', 'webhook.secret_downloaded'])
  const log = JSON.stringify(await app.deps.db.q.selectFrom('audit').selectAll().execute())
  expect(log).not.toContain(secret)

  app.clock.advance(11 * MINUTE)
  for (const what of ['secret', 'signature.json']) {
    const asked = await admin.post(`${path}/${what}`)
    expect(asked.location).toBe(`/confirm-password?next=${encodeURIComponent(path)}`)
    expect(asked.html).not.toMatch(/whsec_[A-Za-z0-9+/]{32}/)
  }
  await admin.post('/confirm-password', { password: 'correct horse battery', next: path })
  expect((await admin.post(`${path}/secret`)).html).toContain(secret)
})

test('taking the secret lets what was held meanwhile go out', async () => {
  const receiver = await startReceiver()
  const app = await testApp()
  const admin = await app.login()
  const id = await app.webhook({ url: receiver.url })
  const path = `/network/webhooks/${id}`
  const saved = await edit(admin, path, { auth: 'signature' })
  expect(wordsOf((await admin.get(saved.location)).html)).toContain('Nobody has taken the signing secret yet')
  await app.emit()
  await app.deliver()
  expect(receiver.requests).toHaveLength(0)
  const form = fillIn((await admin.get(path)).html, 'webhook', { name: 'Typed before' })
  await admin.post(`${path}/signature.json`, form)
  await app.deliver()
  const [request] = await receiver.waitFor(1)
  expect(request?.headers['webhook-signature']).toMatch(/^v1,/)
  // The page that the file came from is still good.
  expect((await admin.post(path, form)).status).toBe(303)
})

test('a new secret replaces the old one only when it is saved', async () => {
  const receiver = await startReceiver()
  const app = await testApp()
  const admin = await app.login()
  const id = await app.webhook({ ...signed, url: receiver.url })
  const path = `/network/webhooks/${id}`
  const secretOf = async (form?: URLSearchParams) =>
    (JSON.parse((await admin.post(`${path}/signature.json`, form)).html) as { secret: string }).secret
  const old = await secretOf()
  const generated = await edit(admin, path, { intent: 'generate' })
  const form = fillIn(generated.html, 'webhook')
  const fresh = await secretOf(form)
  expect(fresh).not.toBe(old)
  expect(await secretOf()).toBe(old)
  expect((await admin.post(path, form)).status).toBe(303)
  expect(await secretOf()).toBe(fresh)
  expect(await stored(app, id)).toMatchObject({ state: 'active' })
})

test('no secret, no file', async () => {
  const app = await testApp()
  const admin = await app.login()
  const path = `/network/webhooks/${await app.webhook({ url: 'https://books.example/' })}`
  for (const what of ['secret', 'signature.json']) {
    const answer = await admin.post(`${path}/${what}`)
    expect(answer.status).toBe(422)
    expect(wordsOf(answer.html)).toContain(
      'There is no signature yet. Please correct one thing: Generate a signature first.',
    )
  }
})

test('an event name, a reason or a name that holds HTML is shown as text', async () => {
  const app = await testApp()
  const admin = await app.login()
  const evil = '<img src=x onerror=alert(1)>'
  const id = await app.webhook({
    url: 'https://books.example/',
    name: evil,
    description: evil,
    events: [evil],
    username: evil,
  })
  await app.deps.db.commit([
    app.deps.db.q.updateTable('webhook').set({ state: 'disabled', state_reason: evil }).where('id', '=', id),
  ])
  for (const path of ['', `/${id}`, `/${id}/delete`, `/${id}/activate`]) {
    const { status, html } = await admin.get(`/network/webhooks${path}`)
    expect(status).toBe(200)
    expect(html).not.toContain('<img')
    expect(html).toContain('&lt;img')
  }
})

test('the page of a webhook tells how it did lately, once it did anything', async () => {
  const receiver = await startReceiver({ answer: (_, n) => ({ status: n === 1 ? 503 : 200 }) })
  const app = await testApp()
  const admin = await app.login()
  const path = `/network/webhooks/${await app.webhook({ url: receiver.url })}`
  expect(wordsOf((await admin.get(path)).html)).not.toContain('Last deliveries')
  await app.emit()
  await app.deliver()
  const once = wordsOf((await admin.get(path)).html)
  expect(once).toContain('Arrived, 24 hours 0% 0 of 1')
  expect(once).toMatch(/Next attempt \d\d:\d\d in/)
  app.clock.advance(120_000)
  await app.deliver()
  const twice = wordsOf((await admin.get(path)).html)
  expect(twice).toContain('Arrived, 24 hours 50% 1 of 2')
  expect(twice).toContain('Next attempt –')
  expect(twice).toMatch(/Typical answer [\d,.]+ m?s slowest 5 %/)
  const viewer = await app.login('viewer')
  expect(wordsOf((await viewer.get(path)).html)).toContain('Last deliveries')
})

test('who typed something is not sent away to confirm a password without a word', async () => {
  const app = await testApp()
  const admin = await app.login()
  const id = await app.webhook({ url: 'https://books.example/', auth: 'signature', signing: plainSigning })
  const path = `/network/webhooks/${id}`
  app.clock.advance(11 * MINUTE)
  const { html } = await admin.get(path)
  for (const act of ['secret', 'rotate', 'signature.json']) {
    const asked = await admin.post(`${path}/${act}`, fillIn(html, 'webhook', { description: 'Not saved' }))
    expect(asked.status).toBe(409)
    expect(wordsOf(asked.html)).toContain('Confirm your password first.')
    expect(fillIn(asked.html, 'webhook').get('description')).toBe('Not saved')
    expect((await admin.post(`${path}/${act}`, fillIn(html, 'webhook'))).location).toMatch(/^\/confirm-password\?next=/)
  }
})

test('the page has the sample as a curl command in the format that was chosen', async () => {
  const app = await testApp()
  const admin = await app.login()
  const { html } = await admin.get('/network/webhooks/new')
  const fields = { url: "https://books.example/o'neil", format: 'flat', events: 'payment_failed', intent: 'preview' }
  const shown = await admin.post('/network/webhooks/new', fillIn(html, 'webhook', fields))
  const command = /<pre [^>]*id="curl">(.*?)<\/pre>/s.exec(shown.html)?.[1] ?? ''
  expect(wordsOf(command)).toContain(
    "curl -X POST 'https://books.example/o'\\''neil' \\ -H 'content-type: application/json'",
  )
  expect(wordsOf(command)).toContain('"payment_status":"failed"')
})
