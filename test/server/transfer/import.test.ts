import { describe, expect, test, vi } from 'vitest'
import { MOST_FILE_BYTES } from '../../../server/transfer/file.ts'
import { testApp, type Client, type TestApp } from '../../support/app.ts'
import { startSmtp } from '../../support/smtp.ts'

vi.setConfig({ testTimeout: 30_000 })

interface Item {
  readonly kind: string
  readonly outcome: string
  readonly name: string
  readonly notes: readonly string[]
  readonly changes: readonly { field: string; before: unknown; after: unknown }[]
  readonly errors: readonly { path: string; message: string }[]
}

const TARGET = 'https://hooks.example.com/orders'
const file = (parts: object) => ({ hookline: 'set-up', version: 1, ...parts })
const hook = (more: object = {}) => ({
  owner: 'network',
  name: 'Orders',
  url: TARGET,
  events: ['payment_received'],
  ...more,
})

const run = (client: Client, parts: object, query = '') => client('POST', `/import?${query}`, file(parts))

async function look(client: Client, parts: object, query = ''): Promise<readonly Item[]> {
  const { status, body } = await run(client, parts, `dry_run=1&${query}`)
  expect(status).toBe(200)
  return body.items as Item[]
}
const pathsOf = (items: readonly Item[]) => items.flatMap(({ errors }) => errors.map(({ path }) => path))

const allWebhooks = ({ deps }: TestApp) => deps.db.q.selectFrom('webhook').selectAll().orderBy('name').execute()

async function counts({ deps: { db } }: TestApp) {
  const of = async (table: 'webhook' | 'site' | 'user' | 'audit' | 'setting') =>
    Number(
      (
        await db.q
          .selectFrom(table)
          .select((eb) => eb.fn.countAll().as('n'))
          .executeTakeFirstOrThrow()
      ).n,
    )
  return { webhooks: await of('webhook'), sites: await of('site'), people: await of('user'), audit: await of('audit') }
}

describe('what is refused', () => {
  test('each with its path, and nothing of the file is imported', async () => {
    const app = await testApp()
    const client = await app.client()
    const parts = {
      network: { time_zone: 'Europe/Nowhere' },
      sites: [
        { slug: 'oslo', name: 'Oslo' },
        { slug: 'api', name: 'Reserved' },
        { slug: 'Not a slug', name: '' },
      ],
      plugins: [
        { slug: 'nowhere', active: true },
        { slug: 'hookline', active: false },
      ],
      people: [
        { email: 'eva@example.com', name: 'Eva', role: 'super_admin' },
        { email: 'no address', name: 'Nobody', role: 'viewer' },
        { email: 'ola@example.com', name: 'Ola', role: 'site_admin', site: 'nowhere' },
        { email: 'kim@example.com', name: 'Kim', role: 'king' },
      ],
      webhooks: [
        hook(),
        hook({ name: 'Private', url: 'http://10.0.0.1/' }),
        hook({ name: 'Metadata', url: 'http://169.254.169.254/latest' }),
        hook({ name: 'Unknown', events: ['nobody_sends_this'] }),
        hook({ name: 'Elsewhere', owner: 'nowhere' }),
        hook({ name: 'Far', sites: ['nowhere'] }),
        hook({ name: 'Odd', format: 'xml' }),
        hook({ name: 'Own', headers: ['content-length'] }),
      ],
      sources: [{ kind: 'nobody', site: 'main', name: 'X' }],
    }
    const before = await counts(app)
    const items = await look(client, parts)
    expect(pathsOf(items)).toEqual([
      'network.time_zone',
      'sites.1.slug',
      'sites.2.slug',
      'sites.2.name',
      'plugins.0.slug',
      'plugins.1.active',
      'people.0.role',
      'people.1.email',
      'people.2.site',
      'people.3.role',
      'webhooks.1.url',
      'webhooks.2.url',
      'webhooks.3.events.0',
      'webhooks.4.owner',
      'webhooks.5.sites.0',
      'webhooks.6.format',
      'webhooks.7.headers.content-length',
      'sources.0.kind',
    ])
    const answer = await run(client, parts)
    expect(answer).toMatchObject({ status: 422, body: { code: 'invalid' } })
    expect(answer.body.errors).toHaveLength(18)
    expect(await counts(app)).toEqual(before)
  })

  test('stays behind where somebody says so, and the rest comes in', async () => {
    const app = await testApp()
    const client = await app.client()
    const parts = { webhooks: [hook(), hook({ name: 'Private', url: 'http://127.0.0.2:22/' })] }
    const { status, body } = await run(client, parts, 'leave_out=1')
    expect({ status, counts: body.counts }).toEqual({
      status: 200,
      counts: { create: 1, change: 0, same: 0, skip: 0, refuse: 1 },
    })
    expect((await allWebhooks(app)).map(({ name }) => name)).toEqual(['Orders'])
  })

  test('what would go beyond the quota of a site, also one that the file sets', async () => {
    const app = await testApp()
    await app.site('oslo')
    const client = await app.client()
    const six = Array.from({ length: 6 }, (_, n) => hook({ owner: 'oslo', name: `Orders ${n}` }))
    expect(pathsOf(await look(client, { webhooks: six }))).toEqual(['webhooks.5.owner'])
    expect(pathsOf(await look(client, { network: { webhooks_per_site: 6 }, webhooks: six }))).toEqual([])
  })

  test('what stands twice in the file, and the slug of a site that was deleted', async () => {
    const app = await testApp()
    const client = await app.client()
    await app.site('gone')
    await client('DELETE', '/sites/gone')
    const oslo = { slug: 'oslo', name: 'Oslo' }
    const anna = { email: 'anna@example.com', name: 'Anna', role: 'viewer' }
    const id = 'whk_01m80z7jxbzsqbcsmqnz18pzad'
    const items = await look(client, {
      sites: [oslo, oslo, { slug: 'gone', name: 'Gone' }],
      people: [anna, { ...anna, email: ' ANNA@example.com ' }],
      plugins: [{ slug: 'payments' }, { slug: 'payments' }],
      webhooks: [hook({ id }), hook({ id, name: 'Another' })],
    })
    expect(pathsOf(items)).toEqual(['sites.1.slug', 'sites.2.slug', 'plugins.1.slug', 'people.1.email', 'webhooks.1'])
  })

  test.each([
    ['another kind of file', { name: 'x' }, 'This is not a set-up of Hookline.'],
    ['a file of another version', { hookline: 'set-up', version: 2 }, 'This set-up is of version 2'],
    ['one that names no version', { hookline: 'set-up' }, 'This set-up is of version null'],
  ])('%s', async (_, body, sentence) => {
    const client = await (await testApp()).client()
    const answer = await client('POST', '/import', body)
    expect(answer.status).toBe(400)
    expect(String(answer.body['title'])).toContain(sentence)
  })

  test('fields that nobody knows, and such of another type', async () => {
    const client = await (await testApp()).client()
    const { status, body } = await run(client, { webhooks: [{ ...hook(), secret: 'x', name: 7 }], more: 1 })
    expect(status).toBe(422)
    const paths = (body.errors as { path: string }[]).map(({ path }) => path)
    expect(paths.sort()).toEqual(['more', 'webhooks.0.name', 'webhooks.0.secret'])
  })

  test('a key that is bound to a site, and one that may only read', async () => {
    const app = await testApp()
    await app.site('oslo')
    const client = await app.client('oslo')
    expect((await client('GET', '/export')).status).toBe(403)
    expect((await run(client, {})).status).toBe(403)
  })

  test('a key that lacks the scope of what is in the file', async () => {
    const app = await testApp()
    const client = await app.client()
    const parts = { webhooks: [hook()], people: [{ email: 'anna@example.com', name: 'Anna', role: 'viewer' }] }
    const asked = async (scopes: readonly string[], method: string, path: string, body?: object) => {
      const made = await client('POST', '/api-keys', { name: scopes.join(), scopes })
      const answer = await app.fetch(`/api/v1${path}`, {
        method,
        headers: { authorization: `Bearer ${String(made.body['key'])}`, 'content-type': 'application/json' },
        ...(body && { body: JSON.stringify(body) }),
      })
      const { webhooks } = (await answer.json()) as { webhooks?: unknown[] }
      return { status: answer.status, webhooks }
    }
    await app.webhook({ url: TARGET, name: 'Another' })
    expect(await asked(['network:read'], 'GET', '/export')).toEqual({ status: 200, webhooks: [] })
    const readers = await asked(['network:read', 'webhooks:read'], 'GET', '/export')
    expect(readers.webhooks).toHaveLength(1)
    const viewing = ['webhooks:read', 'deliveries:read', 'events:read']
    const writing = ['network:write', 'webhooks:write']
    for (const one of writing) {
      const others = writing.filter((scope) => scope !== one)
      expect(await asked(others, 'POST', '/import', file(parts))).toMatchObject({ status: 403 })
    }
    expect(await asked(writing, 'POST', '/import', file(parts))).toMatchObject({ status: 422 })
    const all = [...writing, ...viewing]
    expect(await asked(all, 'POST', '/import', file(parts))).toMatchObject({ status: 200 })
    expect(await asked(['network:write'], 'POST', '/import', file({ sites: [] }))).toMatchObject({ status: 200 })
  })

  test('a cost of the passphrase that the file chose itself', async () => {
    const client = await (await testApp()).client()
    const sealed = {
      kdf: 'scrypt',
      n: 2 ** 30,
      r: 8,
      p: 1,
      salt: 'AAAA',
      cipher: 'aes-256-gcm',
      iv: 'AAAAAAAAAAAAAAAA',
      data: '',
    }
    const { status, body } = await run(client, { secrets: sealed, passphrase: 'sixteen characters' })
    expect(status).toBe(422)
    expect((body.errors as { path: string }[]).map(({ path }) => path)).toEqual(['secrets.n', 'secrets.p'])
  })
})

describe('people', () => {
  const anna = { email: 'anna@example.com', name: 'Anna Lind', role: 'integration_admin', language: 'sv' }

  test('are invited by mail, have no password, and are announced to nobody', async () => {
    const smtp = await startSmtp()
    const app = await testApp({ env: { SMTP_URL: smtp.url } })
    const client = await app.client()
    const events = () => app.deps.db.q.selectFrom('event').select('id').execute()
    const before = (await events()).length
    expect((await run(client, { people: [anna] })).status).toBe(200)
    await app.tidy()
    expect(smtp.mails.map(({ to }) => to)).toEqual([['anna@example.com']])
    expect(smtp.mails[0]?.text).toContain('/set-password?token=')
    const person = await app.deps.db.q
      .selectFrom('user')
      .leftJoin('account', 'account.userId', 'user.id')
      .select(['role', 'locale', 'password'])
      .where('email', '=', 'anna@example.com')
      .executeTakeFirst()
    expect(person).toEqual({ role: 'integration_admin', locale: 'sv', password: null })
    expect(await events()).toHaveLength(before)
  })

  test('without mail are told to be given a link', async () => {
    const app = await testApp()
    const [item] = await look(await app.client(), { people: [anna] })
    expect(item?.notes[0]).toContain('make a link under Users')
  })

  test('who are super admins stay so; others change their role and their sessions end', async () => {
    const app = await testApp()
    const client = await app.client()
    const admin = await app.deps.db.q.selectFrom('user').select(['email', 'role']).executeTakeFirstOrThrow()
    const viewer = await app.login('viewer')
    const { email } = await app.deps.db.q
      .selectFrom('user')
      .select('email')
      .where('role', '=', 'viewer')
      .executeTakeFirstOrThrow()
    const people = [admin.email, email].map((one) => ({ email: one, name: 'X', role: 'integration_admin' }))
    expect((await look(client, { people })).map(({ outcome }) => outcome)).toEqual(['skip', 'change'])
    expect((await run(client, { people })).status).toBe(200)
    const roles = await app.deps.db.q.selectFrom('user').select(['email', 'role']).execute()
    expect(Object.fromEntries(roles.map((row) => [row.email, row.role]))).toEqual({
      [admin.email]: 'super_admin',
      [email]: 'integration_admin',
    })
    expect((await viewer.get('/network')).location).toContain('/login')
  })
})

describe('webhooks of a file without secrets', () => {
  test('that sign get a new secret and wait for somebody to take it', async () => {
    const app = await testApp()
    await run(await app.client(), { webhooks: [hook({ auth: { type: 'signature' } })] })
    const [webhook] = await allWebhooks(app)
    expect(webhook).toMatchObject({ state: 'disabled', state_reason: expect.stringContaining('signing secret') })
  })

  test('with a password wait until it is given, and no click on Activate lets them send without', async () => {
    const app = await testApp()
    const client = await app.client()
    await run(client, { webhooks: [hook({ auth: { type: 'basic', username: 'anna' }, headers: ['X-Team'] })] })
    const [webhook] = await allWebhooks(app)
    const id = webhook?.id ?? ''
    const state = async () => (await client('GET', `/webhooks/${id}`)).body['state']
    expect(webhook).toMatchObject({ state: 'disabled', state_reason: expect.stringContaining('imported without') })
    const admin = await app.login()
    await admin.post(`/network/webhooks/${id}/activate`, { held: 'send' })
    expect(await state()).toBe('disabled')
    expect((await client('PATCH', `/webhooks/${id}`, { description: 'x' })).status).toBe(422)
    const given = { auth: { password: 'sesame' }, headers: { 'X-Team': 'north' } }
    expect((await client('PATCH', `/webhooks/${id}`, given)).status).toBe(200)
    expect(await state()).toBe('active')
  })

  test('that are here keep the secrets they have', async () => {
    const app = await testApp()
    const client = await app.client()
    const id = await app.webhook({ url: TARGET, name: 'Orders', auth: 'basic', username: 'anna', password: 'sesame' })
    const entry = hook({ auth: { type: 'basic', username: 'anna' }, description: 'Books orders.' })
    const [item] = await look(client, { webhooks: [entry] })
    expect(item?.changes.map(({ field }) => field)).toEqual(['description', 'events'])
    await run(client, { webhooks: [entry] })
    expect((await allWebhooks(app))[0]).toMatchObject({
      id,
      state: 'active',
      description: 'Books orders.',
      revision: 2,
    })
    const secrets = await app.deps.db.q.selectFrom('webhook_secret').select('kind').execute()
    expect(secrets).toEqual([{ kind: 'password' }])
  })

  test('are retired and brought back with what waits for them', async () => {
    const app = await testApp({ env: { DELIVERY: 'off' } })
    const client = await app.client()
    const id = await app.webhook({ url: TARGET, name: 'Orders' })
    await app.emit()
    const states = () => app.deps.db.q.selectFrom('delivery').select('state').where('webhook_id', '=', id).execute()
    await run(client, { webhooks: [hook({ id, active: false })] })
    expect(await states()).toEqual([{ state: 'held' }])
    await run(client, { webhooks: [hook({ id, active: true })] })
    expect(await states()).toEqual([{ state: 'pending' }])
  })
})

describe('REST hooks', () => {
  test('stay with the builder that made them: in no file, and changed by none', async () => {
    const app = await testApp()
    const client = await app.client()
    const made = await client('POST', '/hooks', { target_url: TARGET, event: 'payment_received' })
    expect((await client('GET', '/export')).body['webhooks']).toEqual([])
    const { name } = (await allWebhooks(app))[0] ?? { name: '' }
    const [item] = await look(client, { webhooks: [hook({ id: made.body['id'], name })] })
    expect(item?.outcome).toBe('create')
  })
})

describe('what is here already', () => {
  test('stays as it is where that was chosen, and new things come', async () => {
    const app = await testApp()
    const client = await app.client()
    await app.webhook({ url: TARGET, name: 'Orders' })
    const parts = { network: { network_name: 'North' }, webhooks: [hook({ description: 'x' }), hook({ name: 'New' })] }
    const items = await look(client, parts, 'existing=keep')
    expect(items.map(({ outcome }) => outcome)).toEqual(['skip', 'skip', 'create'])
    await run(client, parts, 'existing=keep')
    expect((await allWebhooks(app)).map(({ name, description }) => [name, description])).toEqual([
      ['New', ''],
      ['Orders', ''],
    ])
  })

  test('is found again by name and URL, and a second import changes nothing', async () => {
    const app = await testApp()
    const client = await app.client()
    const parts = {
      network: { network_name: 'North', webhooks_per_network: null },
      sites: [{ slug: 'oslo', name: 'Oslo' }],
      plugins: [{ slug: 'example', active: true, sites: { oslo: { active: true } } }],
      people: [{ email: 'ola@example.com', name: 'Ola', role: 'site_admin', site: 'oslo' }],
      webhooks: [hook({ owner: 'oslo' }), hook({ sites: ['oslo'], auth: { type: 'bearer' } })],
      sources: [{ kind: 'stripe', site: 'oslo', name: 'Stripe', signed: true }],
    }
    const first = await run(client, parts)
    expect(first.body.counts).toEqual({ create: 5, change: 2, same: 0, skip: 0, refuse: 0 })
    const before = await counts(app)
    const second = await run(client, parts)
    expect(second.body.counts).toEqual({ create: 0, change: 0, same: 7, skip: 0, refuse: 0 })
    expect(await counts(app)).toEqual(before)
  })

  test('leaves an entry for each change in the audit log, and one for the import', async () => {
    const app = await testApp()
    const client = await app.client()
    await run(client, {
      network: { network_name: 'North' },
      sites: [{ slug: 'oslo', name: 'Oslo' }],
      webhooks: [hook()],
    })
    const rows = await app.deps.db.q
      .selectFrom('audit')
      .select(['seq', 'action', 'actor_name'])
      .orderBy('seq')
      .execute()
    expect(rows.slice(-4).map(({ action }) => action)).toEqual([
      'settings.updated',
      'site.created',
      'webhook.created',
      'set_up.imported',
    ])
    expect(rows.map(({ seq }) => seq)).toEqual(rows.map((_, n) => n + 1))
  })

  test('hundreds of webhooks come in at once, each with its own number', async () => {
    const app = await testApp()
    const client = await app.client()
    await app.webhook({ url: TARGET })
    const many = Array.from({ length: 400 }, (_, n) => hook({ name: `Orders ${n}`, description: 'ø'.repeat(140) }))
    expect((await run(client, { webhooks: many })).status).toBe(200)
    await app.webhook({ url: TARGET })
    const numbers = (await allWebhooks(app)).map(({ number }) => number)
    expect(new Set(numbers).size).toBe(402)
  })
})

describe('the pages', () => {
  const PLAN = /name="plan" value="(\w+)"/

  test('show what would happen, and do it when somebody says so', async () => {
    const app = await testApp()
    const admin = await app.login()
    const sent = await admin.upload('/network/import', JSON.stringify(file({ webhooks: [hook()] })))
    expect(sent).toMatchObject({ status: 303, location: expect.stringMatching(/^\/network\/import\/imp_/) })
    const shown = await admin.get(sent.location)
    expect(shown.html).toContain('Created: 1')
    expect(await allWebhooks(app)).toEqual([])
    const done = await admin.send(sent.location, { plan: PLAN.exec(shown.html)?.[1] ?? '' })
    expect(done.html).toContain('Imported: 1 created, 0 changed.')
    expect(await allWebhooks(app)).toHaveLength(1)
    expect((await admin.get(sent.location)).location).toBe('/network/import')
  })

  test('show it again when something else would happen by now', async () => {
    const app = await testApp()
    const admin = await app.login()
    const sent = await admin.upload('/network/import', JSON.stringify(file({ webhooks: [hook()] })))
    const plan = PLAN.exec((await admin.get(sent.location)).html)?.[1] ?? ''
    await app.webhook({ url: TARGET, name: 'Orders' })
    const answer = await admin.post(sent.location, { plan })
    expect(answer.status).toBe(409)
    expect(answer.html).toContain('Something changed here since you looked.')
    expect(await allWebhooks(app)).toHaveLength(1)
  })

  test('import nothing while something is refused, unless it shall be left out', async () => {
    const app = await testApp()
    const admin = await app.login()
    const parts = { webhooks: [hook(), hook({ name: 'Private', url: 'http://10.0.0.1/' })] }
    const sent = await admin.upload('/network/import', JSON.stringify(file(parts)))
    const plan = PLAN.exec((await admin.get(sent.location)).html)?.[1] ?? ''
    expect((await admin.post(sent.location, { plan })).status).toBe(422)
    expect(await allWebhooks(app)).toEqual([])
    expect((await admin.post(sent.location, { plan, leave_out: '1' })).status).toBe(303)
    expect(await allWebhooks(app)).toHaveLength(1)
  })

  test('keep a file for an hour, and for who uploaded it', async () => {
    const app = await testApp()
    const [admin, other] = [await app.login(), await app.login()]
    const sent = await admin.upload('/network/import', JSON.stringify(file({ webhooks: [hook()] })))
    expect((await other.get(sent.location)).location).toBe('/network/import')
    app.clock.advance(61 * 60_000)
    expect((await admin.get(sent.location)).location).toBe('/network/import')
    await app.tidy()
    expect(await app.deps.db.q.selectFrom('import_file').selectAll().execute()).toEqual([])
  })

  test.each([
    ['what is no JSON', '{', 422, 'The file is not JSON, or not whole.'],
    ['another file', '{"a":1}', 422, 'This is not a set-up of Hookline.'],
    ['an empty one', '', 422, 'The file is not JSON, or not whole.'],
    ['one that is too large', `"${'x'.repeat(MOST_FILE_BYTES)}"`, 413, 'A set-up has up to 8 MB; this file is larger.'],
    ['one with NUL in it', JSON.stringify(file({ network: { network_name: 'a\u0000' } })), 422, 'U+0000'],
  ])('say what is wrong with %s', async (_, text, status, sentence) => {
    const app = await testApp()
    const answer = await (await app.login()).upload('/network/import', text)
    expect(answer.status).toBe(status)
    expect(answer.html).toContain(sentence)
  })

  test('tell a file of more than 100 MB without reading it', async () => {
    const app = await testApp()
    const admin = await app.login()
    const { html, status } = await admin.post('/network/import', {})
    expect([status, html.includes('multipart/form-data')]).toEqual([422, true])
    const client = await app.client()
    expect(
      (await client('POST', '/import', file({ webhooks: [hook({ description: 'x'.repeat(9_000_000) })] }))).status,
    ).toBe(413)
  })
})

describe('an export with secrets', () => {
  const PASSPHRASE = 'four horses and a battery'
  const PASSWORD = 'correct horse battery'
  const twice = { passphrase: PASSPHRASE, passphrase_again: PASSPHRASE }

  test.each([
    [
      'a short passphrase',
      { passphrase: 'too short', passphrase_again: 'too short', password: PASSWORD },
      '16 characters',
    ],
    ['two that differ', { ...twice, passphrase_again: `${PASSPHRASE}s`, password: PASSWORD }, 'The two differ.'],
    ['a wrong password', { ...twice, password: 'not the password' }, 'The password is wrong.'],
  ])('is refused for %s', async (_, fields, sentence) => {
    const app = await testApp()
    const answer = await (await app.login()).post('/network/export', fields)
    expect(answer.status).toBe(422)
    expect(answer.html).toContain(sentence)
    expect(
      await app.deps.db.q.selectFrom('audit').select('id').where('action', '=', 'set_up.exported').execute(),
    ).toEqual([])
  })

  test('is audited, and opens with its passphrase alone', async () => {
    const app = await testApp()
    await app.webhook({ url: TARGET, name: 'Orders', auth: 'basic', username: 'anna', password: 'sesame-open' })
    const admin = await app.login()
    const { html: text, headers } = await admin.post('/network/export', { ...twice, password: PASSWORD })
    expect(headers.get('content-disposition')).toMatch(/^attachment; filename="hookline-set-up-\d{4}-\d\d-\d\d\.json"$/)
    expect(text).not.toContain('sesame-open')
    const entry = await app.deps.db.q.selectFrom('audit').selectAll().orderBy('seq', 'desc').executeTakeFirst()
    expect(entry).toMatchObject({ action: 'set_up.exported', after: '{"secrets":true}' })
    const other = await (await testApp()).login()
    const wrong = await other.upload('/network/import', text, { passphrase: 'another passphrase' })
    expect(wrong.status).toBe(422)
    expect(wrong.html).toContain('The passphrase does not open the secrets of this file.')
    const closed = await other.upload('/network/import', text)
    expect((await other.get(closed.location)).html).toContain('The secrets of this file stay closed.')
  })
})
