import { Webhook } from 'standardwebhooks'
import { expect, test } from 'vitest'
import { testApp, type TestApp, type Visitor } from '../../../support/app.ts'
import { fillIn, wordsOf } from '../../../support/form.ts'
import { startReceiver } from '../../../support/receiver.ts'

const NEW = '/network/webhooks/new'

/** The add page, filled in and sent. */
async function add(
  admin: Visitor,
  fields: Parameters<typeof fillIn>[2],
  { page = NEW, path = page }: { page?: string; path?: string } = {},
) {
  const { html } = await admin.get(page)
  return admin.post(path, fillIn(html, 'webhook', { name: 'Books', url: 'https://books.example/in', ...fields }))
}

const count = async ({ deps }: TestApp): Promise<number> =>
  (await deps.db.q.selectFrom('webhook').select('id').execute()).length

test('a webhook is added, says so, and sends', async () => {
  const receiver = await startReceiver()
  const app = await testApp()
  const admin = await app.login()
  const made = await add(admin, { url: `${receiver.url}/in`, events: 'payment_received', description: 'Two\r\nlines' })
  expect(made.status).toBe(303)
  const page = await admin.get(made.location)
  expect(wordsOf(page.html)).toContain('Webhook saved. It sends from now on.')
  expect(page.html).toContain('Two\nlines')
  await app.emit({ type: 'payment_received' })
  await app.deliver()
  const [request] = await receiver.waitFor(1)
  expect(JSON.parse(request?.body ?? '')).toMatchObject({ type: 'payment_received', site: 'main' })
  const audit = await app.deps.db.q.selectFrom('audit').selectAll().where('action', '=', 'webhook.created').execute()
  expect(audit).toHaveLength(1)
  expect(made.location).toContain(audit[0]?.target)
})

test.each([
  ['no event', { events: null }, 'events', 'Choose at least one event.'],
  [
    'an event that nobody sends',
    { events: 'moon_rises' },
    'events',
    'No plugin here sends an event called moon_rises.',
  ],
  ['no name', { name: ' ' }, 'name', 'Give the webhook a name.'],
  ['a name too long', { name: 'x'.repeat(192) }, 'name', 'The name can have up to 191 characters.'],
  ['a name that turns', { name: 'a\u202Eb' }, 'name', 'The name holds control characters'],
  ['a description too long', { description: 'x'.repeat(141) }, 'description', 'The description can have up to 140'],
  ['no address', { url: '' }, 'url', 'This is not a complete http or https address.'],
  ['an address inside', { url: 'http://10.0.0.4/in' }, 'url', '10.0.0.4 is not an address of the public internet'],
  ['a password in the address', { url: 'https://a:b@books.example' }, 'url', 'The URL holds a user name or password.'],
  ['no user name', { auth: 'basic', 'auth.password': 'x' }, 'auth-username', 'Basic authentication needs a user name.'],
  [
    'a colon in it',
    { auth: 'basic', 'auth.username': 'a:b', 'auth.password': 'x' },
    'auth-username',
    'cannot hold a colon',
  ],
  ['no password', { auth: 'basic', 'auth.username': 'a' }, 'auth-password', 'Basic authentication needs a password.'],
  ['another format', { format: 'morse' }, 'format', 'Choose one of the payload formats'],
  [
    'half a second',
    { timeout_seconds: '0.5' },
    'timeout_seconds',
    'The time-out is a whole number of seconds from 1 to 30.',
  ],
  [
    'no time-out',
    { timeout_seconds: '' },
    'timeout_seconds',
    'The time-out is a whole number of seconds from 1 to 30.',
  ],
  ['words as waits', { retry_schedule: 'now and then' }, 'retry_schedule', 'Each wait is a whole number of seconds'],
  ['200 waits', { retry_schedule: '5,'.repeat(200) }, 'retry_schedule', 'A schedule has at most 100 waits.'],
  ['another authentication', { auth: 'handshake' }, 'auth', 'This has to be one of: none, basic, bearer, signature.'],
])(
  '%s: the sentence stands at the field and above the form, and nothing is saved',
  async (_, fields, field, sentence) => {
    const app = await testApp()
    const admin = await app.login()
    const { status, html } = await add(admin, { events: 'payment_received', description: 'Kept', ...fields })
    expect(status).toBe(422)
    expect(wordsOf(html).split(sentence)).toHaveLength(3)
    expect(html).toMatch(new RegExp(`<a href="#${field}">`))
    expect(html).toContain(`id="${field}"`)
    if (!('description' in fields)) expect(html).toContain('>\nKept</textarea>')
    expect(await count(app)).toBe(0)
  },
)

test('what was typed stands there again, but never a password', async () => {
  const app = await testApp()
  const admin = await app.login()
  const evil = '"><script>alert(1)</script>'
  const { html } = await add(admin, {
    name: evil,
    description: `</textarea>${evil}`,
    url: evil,
    auth: 'basic',
    'auth.username': evil,
    'auth.password': 'opensesame',
    events: ['payment_received', evil],
    retry_schedule: evil,
    format: 'flat',
    active: null,
  })
  expect(html).not.toContain('opensesame')
  expect(html).not.toContain('<script>alert')
  const again = fillIn(html, 'webhook')
  expect(Object.fromEntries(again)).toMatchObject({ name: evil, url: evil, auth: 'basic', format: 'flat' })
  expect(again.get('auth.username')).toBe(evil)
  expect(again.get('description')).toBe(`</textarea>${evil}`)
  expect(again.getAll('events').sort()).toEqual([evil, 'payment_received'].sort())
  expect(again.has('active')).toBe(false)
  expect(wordsOf(html)).toContain('type it again before you save')
})

test('a form that is sent twice makes one webhook', async () => {
  const app = await testApp()
  const admin = await app.login()
  const { html } = await admin.get(NEW)
  const form = fillIn(html, 'webhook', { name: 'Books', url: 'https://books.example/', events: 'payment_received' })
  const [first, second] = await Promise.all([admin.post(NEW, form), admin.post(NEW, form)])
  const third = await admin.post(NEW, form)
  expect(first.status).toBe(303)
  expect([second.location, third.location]).toEqual([first.location, first.location])
  expect(await count(app)).toBe(1)
})

test('the id that a form carries takes no webhook of somebody else', async () => {
  const app = await testApp()
  const [one, other] = [await app.login(), await app.login()]
  const made = await add(one, { events: 'payment_received' })
  const once = made.location.split('/').at(-1) ?? ''
  const answer = await add(other, { events: 'payment_received', name: 'Mine now', once })
  expect(answer.status).toBe(409)
  expect((await one.get(made.location)).html).not.toContain('Mine now')
})

test('all events leave the ticked ones out, and keep them ticked', async () => {
  const app = await testApp()
  const admin = await app.login()
  const made = await add(admin, { all_events: '1', events: 'payment_received' })
  expect(made.status).toBe(303)
  expect(wordsOf((await admin.get('/network/webhooks')).html)).toContain('All events, also future ones')
  const { html } = await add(admin, { all_events: '1', events: 'payment_received', name: '' })
  expect(fillIn(html, 'webhook').getAll('events')).toEqual(['payment_received'])
})

test('a site that has its five webhooks is told so before and after the form', async () => {
  const app = await testApp()
  const site = await app.site('kafe')
  const admin = await app.login('site_admin', 'kafe')
  const page = '/sites/kafe/admin/webhooks/new'
  for (let n = 1; n <= 4; n++) await app.webhook({ url: 'https://books.example', name: `Webhook ${n}` }, site)
  const sentence = 'This site has its 5 webhooks already. Delete one, or ask a network admin for more.'
  const { html } = await admin.get(page)
  expect(wordsOf(html)).not.toContain(sentence)
  await app.webhook({ url: 'https://books.example' }, site)
  expect(wordsOf((await admin.get(page)).html)).toContain(sentence)
  const form = fillIn(html, 'webhook', { name: 'One more', url: 'https://books.example', events: 'payment_received' })
  const answer = await admin.post(page, form)
  expect(answer.status).toBe(409)
  expect(wordsOf(answer.html)).toContain(sentence)
  expect(answer.html).toContain('value="One more"')
  expect(await count(app)).toBe(5)
  expect((await add(await app.login(), { events: 'payment_received' })).status).toBe(303)
})

test('the preview shows the exact body of the first chosen event in each format', async () => {
  const app = await testApp()
  const admin = await app.login()
  const { html } = await add(admin, { intent: 'preview', events: ['payment_refunded', 'payment_received'] })
  const shown = wordsOf(html)
  expect(shown).toContain('with a sample of payment_refunded')
  for (const words of ['"payment_status" : "refunded"', '"eventName" : "payment_refunded"', '"accountId"'])
    expect(shown.replaceAll(/ ?: /g, ' : ')).toContain(words)
})

test('every event stands at the bottom, with its code name, what it means and the way to its payload', async () => {
  const app = await testApp()
  const admin = await app.login()
  const { html } = await admin.get(NEW)
  const reference = wordsOf(html.split('id="reference"')[1] ?? '')
  for (const type of app.deps.host.eventTypes()) {
    expect(reference).toContain(`${type.title} ${type.name} `)
    expect(reference).toContain(type.description)
    expect(html).toContain(`href="/network/event-types/${encodeURIComponent(type.name)}#sample"`)
  }
})

test('a signature is generated, taken and saved without its secret ever being in a page', async () => {
  const receiver = await startReceiver()
  const app = await testApp()
  const admin = await app.login()
  const generated = await add(admin, { intent: 'generate', url: `${receiver.url}/in`, events: 'payment_received' })
  expect(generated.html).not.toMatch(/whsec_[A-Za-z0-9+/]{32}/)
  const form = fillIn(generated.html, 'webhook')
  expect(form.get('auth')).toBe('signature')
  const file = await admin.post(`${NEW}/signature.json`, form)
  expect(file.headers.get('content-type')).toBe('application/json')
  expect(file.headers.get('cache-control')).toBe('no-store')
  expect(file.headers.get('content-disposition')).toMatch(/^attachment; filename="signature-whk_\w+\.json"$/)
  const signature = JSON.parse(file.html) as Record<string, unknown>
  expect(signature).toEqual({
    version: 1,
    webhookId: form.get('once'),
    name: 'Books',
    url: `${receiver.url}/in`,
    algorithm: 'HMAC-SHA256',
    scheme: 'standard-webhooks/v1',
    secret: expect.stringMatching(/^whsec_[A-Za-z0-9+/]{32}$/) as string,
    headers: { id: 'webhook-id', timestamp: 'webhook-timestamp', signature: 'webhook-signature' },
    signedContent: '{id}.{timestamp}.{body}',
    encoding: 'base64',
    toleranceSeconds: 300,
    createdAt: new Date(app.clock.now()).toISOString(),
  })
  const saved = await admin.send(NEW, form)
  expect(wordsOf(saved.html)).toContain('It sends from now on.')
  expect(saved.html).not.toMatch(/whsec_[A-Za-z0-9+/]{32}/)
  await app.emit({ type: 'payment_received' })
  await app.deliver()
  const [request] = await receiver.waitFor(1)
  const verifier = new Webhook(String(signature['secret']))
  expect(verifier.verify(request?.body ?? '', { ...request?.headers })).toMatchObject({ type: 'payment_received' })
})

test('a secret that was shown counts as taken; one that nobody took keeps the webhook off, and says what to do', async () => {
  const app = await testApp()
  const admin = await app.login()
  const generated = await add(admin, { intent: 'generate', events: 'payment_received' })
  const untaken = await admin.send(NEW, fillIn(generated.html, 'webhook'))
  expect(wordsOf(untaken.html)).toContain('Nobody has taken the signing secret yet, so nothing is sent.')
  expect(wordsOf(untaken.html)).toContain('Disabled')

  const other = await add(admin, { intent: 'generate', events: 'payment_received' })
  const shown = await admin.post(NEW, fillIn(other.html, 'webhook', { intent: 'show' }))
  expect(shown.html).toMatch(/whsec_[A-Za-z0-9+/]{32}/)
  const taken = await admin.send(NEW, fillIn(shown.html, 'webhook'))
  expect(wordsOf(taken.html)).toContain('It sends from now on.')
})

test('only the maker of a generated secret can show, download or use it', async () => {
  const app = await testApp()
  const [maker, other] = [await app.login(), await app.login()]
  const { html } = await add(maker, { intent: 'generate', events: 'payment_received' })
  const handle = fillIn(html, 'webhook').get('handle') ?? ''
  expect(handle).toMatch(/^sec_/)
  const { html: foreign } = await other.get(NEW)
  const form = { name: 'Theirs', url: 'https://books.example', events: 'payment_received', auth: 'signature', handle }
  const shown = await other.post(NEW, fillIn(foreign, 'webhook', { ...form, intent: 'show' }))
  expect(shown.status).toBe(422)
  expect(shown.html).not.toMatch(/whsec_[A-Za-z0-9+/]{32}/)
  expect((await other.post(`${NEW}/signature.json`, fillIn(foreign, 'webhook', form))).status).toBe(422)
  const row = await app.deps.db.q.selectFrom('webhook_secret').selectAll().where('id', '=', handle).executeTakeFirst()
  expect(row).toMatchObject({ webhook_id: 'unsaved', taken_at: null })
})

test('Basic is sent as user name and password, and the password is nowhere to be read', async () => {
  const receiver = await startReceiver()
  const app = await testApp()
  const admin = await app.login()
  const basic = { auth: 'basic', 'auth.username': 'books', 'auth.password': 'opensesame' }
  const made = await add(admin, { url: receiver.url, events: 'payment_received', ...basic })
  const { html } = await admin.get(made.location)
  expect(html).not.toContain('opensesame')
  expect(wordsOf(html)).toContain('One is stored. Leave this empty to keep it.')
  await admin.post(made.location, fillIn(html, 'webhook', { name: 'Renamed' }))
  await app.emit({ type: 'payment_received' })
  await app.deliver()
  const [request] = await receiver.waitFor(1)
  expect(request?.headers['authorization']).toBe(`Basic ${btoa('books:opensesame')}`)
  const everything = JSON.stringify(await app.deps.db.q.selectFrom('audit').selectAll().execute())
  expect(everything).not.toContain('opensesame')
})

test('an address at Zapier is told from others', async () => {
  const app = await testApp()
  const admin = await app.login()
  const { html } = await add(admin, { intent: 'preview', url: 'https://hooks.zapier.com/hooks/catch/1/abc/' })
  expect(wordsOf(html)).toContain('Zapier answers success even when the Zap is off')
})

test('events of a plugin that does not run are told, but cannot be chosen', async () => {
  const app = await testApp()
  const { html } = await (await app.login()).get(NEW)
  expect(wordsOf(html)).toContain('Learning Manager: 31 events, once the plugin is active')
  expect(html).not.toContain('value="COURSE_COMPLETED"')
})

test('a preset sets what suits its receiver, says what to watch, and saves nothing', async () => {
  const app = await testApp()
  const admin = await app.login()
  const { html } = await add(admin, { intent: 'preset', preset: 'pabbly', format: 'envelope', rate_per_second: '7' })
  expect(html).toMatch(/name="format" value="flat" checked/)
  expect(html).toMatch(/name="rate_per_second"[^>]* value=""/)
  expect(wordsOf(html)).toContain('Click “Capture Webhook Response” there first')
  expect(await count(app)).toBe(0)
})

const ZAPIER = 'https://hooks.zapier.com/hooks/catch/1/abc/'

test.each([
  ['the address of Zapier brings format and rate along', { url: ZAPIER }, 'flat', 25],
  ['whatever it starts from', { url: ` ${ZAPIER} `, preset: 'make' }, 'flat', 25],
  ['a preset does, where the address tells nothing', { preset: 'zapier' }, 'flat', 25],
  ['but not instead of a rate that somebody typed', { url: ZAPIER, rate_per_second: '3' }, 'flat', 3],
  ['nor of a format that somebody chose', { url: ZAPIER, format: 'standard' }, 'standard', 25],
  ['an address that tells nothing is of own code', {}, 'standard', null],
])('%s', async (_, fields, format, rate) => {
  const app = await testApp()
  await add(await app.login(), { events: 'payment_received', ...fields })
  const rows = await app.deps.db.q.selectFrom('webhook').select(['format', 'rate_per_second']).execute()
  expect(rows).toEqual([{ format, rate_per_second: rate }])
})

test('the page says which format suits the receiver before it is saved, and the notice does after it', async () => {
  const app = await testApp()
  const admin = await app.login()
  const seen = await add(admin, { intent: 'preview', url: ZAPIER, events: 'payment_received' })
  expect(wordsOf(seen.html)).toContain('What suits the receiver Flat, because this is Zapier')
  expect(wordsOf(seen.html)).toContain('Flat as a curl command')
  const made = await add(admin, { url: ZAPIER, events: 'payment_received' })
  const { html } = await admin.get(made.location)
  expect(wordsOf(html)).toContain('Webhook saved, with the payload format Flat, which suits Zapier.')
  expect(html).not.toContain('What suits the receiver')
  const chosen = await add(admin, { url: ZAPIER, events: 'payment_received', format: 'flat' })
  expect(wordsOf((await admin.get(chosen.location)).html)).toContain('Webhook saved. It sends from now on.')
})

test('a test of a webhook that is not saved goes out in the format that suits its receiver', async () => {
  const receiver = await startReceiver()
  const app = await testApp()
  const url = `${receiver.url}/in`
  await add(await app.login(), { intent: 'test', url, preset: 'pabbly', events: 'payment_received' })
  const [request] = await receiver.waitFor(1)
  expect(JSON.parse(request?.body ?? '')).toHaveProperty('payment_id')
})

test('chosen events stand as chips, and a chip takes its event out again', async () => {
  const app = await testApp()
  const admin = await app.login()
  const chosen = await add(admin, { intent: 'preview', events: ['payment_received', 'payment_failed'] })
  const chips = (html: string) => Array.from(html.matchAll(/name="remove_event" value="(\w+)"/g), ([, name]) => name)
  expect(chips(chosen.html).sort()).toEqual(['payment_failed', 'payment_received'])
  const fewer = await add(admin, { events: ['payment_received', 'payment_failed'], remove_event: 'payment_failed' })
  expect(chips(fewer.html)).toEqual(['payment_received'])
  expect(await count(app)).toBe(0)
})
