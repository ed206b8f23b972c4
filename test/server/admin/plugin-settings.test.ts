import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { definePlugin } from 'hookline/plugin'
import { testApp } from '../../support/app.ts'
import { fillIn, wordsOf } from '../../support/form.ts'

const KEY = 'sk_live_topsecret'
const till = definePlugin(
  {
    slug: 'till',
    version: '1.2.0',
    title: 'Till',
    description: 'Takes money.',
    requires: { host: '^1.0' },
    scope: 'site',
    http: ['api.till.example'],
    storage: { coins: { schema: z.strictObject({ id: z.string(), worth: z.int() }) } },
    settings: z.object({
      currency: z.enum(['SEK', 'EUR']).default('SEK').meta({ title: 'Currency' }),
      most: z.int().min(1).max(9).default(3).meta({ title: 'Most', help: 'At once.' }),
      loud: z.boolean().default(false).meta({ title: 'Loud' }),
      tags: z
        .array(z.enum(['a', 'b']))
        .default(['a'])
        .meta({ title: 'Tags' }),
      site: z.url().optional().meta({ title: 'Address' }),
      apiKey: z.string().default('').meta({ title: 'Key', secret: true }),
      account: z.string().default('none').meta({ title: 'Account', scope: 'network' }),
    }),
  },
  ({ route, cron }) => {
    route('POST /show', (_request, { settings: { apiKey, ...rest }, site }) =>
      Response.json({ ...rest, key: apiKey.length, at: site.slug }),
    )
    route('POST /hook', () => new Response('taken'), { public: true })
    cron('0 3 * * *', 'nightly', () => {})
  },
)
const anyHost = definePlugin({
  slug: 'anywhere',
  version: '1.0.0',
  title: 'Anywhere',
  requires: { host: '^1.0' },
  scope: 'network',
  http: ['*'],
})

const NETWORK = '/network/plugins/till'
const SITE = '/sites/kafe/admin/plugins/till'

async function open() {
  const app = await testApp({ plugins: [till, anyHost] })
  await app.site('kafe')
  const root = await app.login()
  await root.post('/network/plugins/till/activate')
  const shown = async (path: string) => JSON.parse((await root.post(`${path}/show`)).html) as Record<string, unknown>
  const audit = () => app.deps.db.q.selectFrom('audit').selectAll().orderBy('seq', 'desc').executeTakeFirstOrThrow()
  return { app, root, shown, audit, of: (slug: string) => app.login('site_admin', slug) }
}

describe('the form of the network', { timeout: 20_000 }, () => {
  test('shows what holds, saves what is typed, and tells the audit log', async () => {
    const { root, shown, audit } = await open()
    const { html } = await root.get(NETWORK)
    expect(wordsOf(html)).toContain('Default: SEK')
    expect(html).toMatch(
      /<input type="number"[^>]*name="settings.most"[^>]*min="1" max="9" step="1" placeholder="Default: 3"/,
    )
    expect(html).toMatch(/<p class="help" id="settings-most-help">At once\./)
    const fields = fillIn(html, 'settings', {
      'settings.currency': 'EUR',
      'settings.most': '7',
      'settings.loud': 'on',
      'settings.tags': ['b'],
      'settings.site': 'https://till.example/',
      'settings.account': 'acme',
      'settings.apiKey': KEY,
    })
    const after = await root.send(NETWORK, fields)
    expect(wordsOf(after.html)).toContain('Settings saved.')
    expect(await shown(NETWORK)).toEqual({
      currency: 'EUR',
      most: 7,
      loud: true,
      tags: ['b'],
      site: 'https://till.example/',
      account: 'acme',
      key: KEY.length,
      at: 'main',
    })
    expect(after.html).not.toContain(KEY)
    expect(wordsOf(after.html)).toContain('Stored. Leave empty to keep it.')
    const row = await audit()
    expect([row.action, row.target, row.owner]).toEqual(['plugin.configured', 'till', 'network'])
    expect(JSON.stringify(row)).not.toContain(KEY)
    expect(JSON.parse(row.after ?? '')).toMatchObject({ currency: 'EUR', apiKey: '…' })
  })

  test('keeps a secret that is left empty, and removes it where the box says so', async () => {
    const { root, shown } = await open()
    await root.send(NETWORK, fillIn((await root.get(NETWORK)).html, 'settings', { 'settings.apiKey': KEY }))
    await root.send(NETWORK, fillIn((await root.get(NETWORK)).html, 'settings', { 'settings.most': '4' }))
    expect(await shown(NETWORK)).toMatchObject({ key: KEY.length, most: 4 })
    const { html } = await root.get(NETWORK)
    await root.send(NETWORK, fillIn(html, 'settings', { 'settings.apiKey.remove': 'on', 'settings.most': '' }))
    expect(await shown(NETWORK)).toMatchObject({ key: 0, most: 3 })
  })

  test('shows a fault beside its field, with what was typed', async () => {
    const { root, shown } = await open()
    const fields = fillIn((await root.get(NETWORK)).html, 'settings', {
      'settings.most': '12',
      'settings.site': 'nowhere',
      'settings.apiKey': KEY,
    })
    const answer = await root.post(NETWORK, fields)
    expect(answer.status).toBe(422)
    expect(answer.html).toMatch(/name="settings.most" aria-invalid="true"[^>]*value="12"/)
    expect(answer.html).toMatch(/id="settings-most-error">.*This has to be 9 or less\./s)
    expect(answer.html).toMatch(/name="settings.site"[^>]*value="nowhere"/)
    expect(answer.html).toContain('href="#settings-most"')
    expect(answer.html).not.toContain(KEY)
    expect(await shown(NETWORK)).toMatchObject({ most: 3, key: 0 })
  })

  test('shows both values to the second of two who save', async () => {
    const { root } = await open()
    const { html } = await root.get(NETWORK)
    await root.send(NETWORK, fillIn(html, 'settings', { 'settings.most': '4' }))
    const second = await root.post(NETWORK, fillIn(html, 'settings', { 'settings.most': '5' }))
    expect(second.status).toBe(409)
    expect(wordsOf(second.html)).toMatch(/Most 4 5/)
    await root.send(NETWORK, fillIn(second.html, 'settings'))
    expect((await root.get(NETWORK)).html).toMatch(/name="settings.most"[^>]*value="5"/)
  })

  test('says what the plugin may do, in words', async () => {
    const { root } = await open()
    const words = wordsOf((await root.get(NETWORK)).html)
    for (const part of [
      'Contacts api.till.example',
      'Stores coins',
      'Sends None',
      'nightly 0 3 * * *',
      'Open to everybody',
    ])
      expect(words).toContain(part)
    const wild = (await root.get('/network/plugins/anywhere')).html
    expect(wild).toMatch(/data-tone="bad">.*Any host on the internet/s)
    expect(wordsOf(wild)).toContain('Stores None')
    expect((await root.get('/network/plugins/none')).status).toBe(404)
  })
})

test('the list of plugins warns of one that may contact any host, and of what is open to everybody', async () => {
  const { root } = await open()
  const { html } = await root.get('/network/plugins')
  const rowOf = (slug: string) =>
    html.split('<tr>').find((row) => row.includes(`href="/network/plugins/${slug}"`)) ?? ''
  expect(rowOf('anywhere')).toMatch(/data-tone="bad">(?:(?!<dt>).)*Any host on the internet/s)
  expect(wordsOf(rowOf('till'))).toContain('Contacts api.till.example')
  expect(wordsOf(rowOf('till'))).toContain('Open to everybody Without a log-in: /plugins/till/hook')
  expect(rowOf('anywhere')).not.toContain('Open to everybody')
  expect(html.split('Any host on the internet')).toHaveLength(2)
})

describe('the form of a site', { timeout: 20_000 }, () => {
  test('shows what it inherits, and sets what is its own', async () => {
    const { root, shown, of, audit } = await open()
    await root.send(
      NETWORK,
      fillIn((await root.get(NETWORK)).html, 'settings', {
        'settings.currency': 'EUR',
        'settings.most': '6',
        'settings.loud': 'on',
        'settings.apiKey': KEY,
        'settings.account': 'acme',
      }),
    )
    const admin = await of('kafe')
    const { html } = await admin.get(SITE)
    const words = wordsOf(html)
    for (const part of ['Network default: EUR', 'Network default: On', 'The network has one.', 'Default: a'])
      expect(words).toContain(part)
    expect(html).toContain('placeholder="Network default: 6"')
    expect(html).not.toContain('settings.account')
    expect(html).not.toContain(KEY)
    await admin.send(SITE, fillIn(html, 'settings', { 'settings.loud': 'off', 'settings.tags': ['a', 'b'] }))
    expect(await shown(SITE)).toMatchObject({
      currency: 'EUR',
      most: 6,
      loud: false,
      tags: ['a', 'b'],
      key: KEY.length,
    })
    expect((await audit()).owner).toMatch(/^sit_/)
    expect(await shown(NETWORK)).toMatchObject({ loud: true, tags: ['a'] })
    const again = fillIn((await admin.get(SITE)).html, 'settings', {
      'settings.loud': '',
      'settings.tags': null,
      'settings.tags.inherit': 'on',
    })
    await admin.send(SITE, again)
    expect(await shown(SITE)).toMatchObject({ loud: true, tags: ['a'] })
  })

  test('refuses what only the network sets, and belongs to the site alone', async () => {
    const { of, app, shown } = await open()
    await app.site('other')
    const admin = await of('kafe')
    const fields = fillIn((await admin.get(SITE)).html, 'settings', {})
    fields.set('settings.account', 'mine')
    await admin.post(SITE, fields)
    expect(await shown(SITE)).toMatchObject({ account: 'none' })
    const stranger = await of('other')
    expect((await stranger.get(SITE)).status).toBe(404)
    expect((await stranger.post(SITE, fields)).status).toBe(404)
    expect((await admin.get(NETWORK)).status).not.toBe(200)
    for (const role of ['viewer', 'integration_admin'] as const) {
      expect((await (await app.login(role)).get(SITE)).status).toBe(403)
    }
  })
})

describe('the plugins of a site', { timeout: 20_000 }, () => {
  test('are switched by its admin, for that site alone', async () => {
    const { app, root, of } = await open()
    await root.post('/network/plugins/till/deactivate')
    const admin = await of('kafe')
    const list = await admin.get('/sites/kafe/admin/plugins')
    expect(wordsOf(list.html)).toContain('Till 1.2.0')
    expect(wordsOf(list.html)).not.toContain('Anywhere')
    const on = await admin.send(`${SITE}/activate`)
    expect(wordsOf(on.html)).toContain('Till is active.')
    expect((await root.post(`${SITE}/show`)).status).toBe(200)
    expect((await root.post(`${NETWORK}/show`)).status).toBe(404)
    await admin.send(`${SITE}/deactivate`)
    expect((await root.post(`${SITE}/show`)).status).toBe(404)
    const rows = await app.deps.db.q
      .selectFrom('audit')
      .select(['action', 'owner'])
      .orderBy('seq', 'desc')
      .limit(2)
      .execute()
    expect(rows.map(({ action }) => action)).toEqual(['plugin.deactivated', 'plugin.activated'])
    expect((await admin.post('/sites/kafe/admin/plugins/anywhere/activate')).status).toBe(404)
  })

  test('one that is on for all cannot be taken back by a site', async () => {
    const { of } = await open()
    const { html } = await (await of('kafe')).get('/sites/kafe/admin/plugins')
    expect(html).toContain('For all sites, by a super admin.')
    expect(html).not.toContain('/plugins/till/deactivate')
  })
})

describe('what is open to everybody', () => {
  test('is asked without a log-in, gets no cookie, and lets no script run', async () => {
    const { app, root } = await open()
    const answer = await app.stranger.post('/plugins/till/hook')
    expect([answer.status, answer.html]).toEqual([200, 'taken'])
    expect(answer.headers.get('content-security-policy')).toContain('sandbox')
    expect(answer.headers.get('set-cookie')).toBeNull()
    expect((await app.stranger.post('/sites/kafe/plugins/till/hook')).status).toBe(200)
    expect((await app.stranger.post('/plugins/till/show')).status).toBe(404)
    expect((await root.post('/plugins/till/show')).status).toBe(404)
    expect((await app.stranger.post('/sites/none/plugins/till/hook')).status).toBe(404)
    await root.post('/network/plugins/till/deactivate')
    expect((await app.stranger.post('/plugins/till/hook')).status).toBe(404)
  })
})

describe('uninstalling', { timeout: 20_000 }, () => {
  test('leaves no row, whatever the plugin had, and only where it is off everywhere', async () => {
    const { app, root, of } = await open()
    const { db } = app.deps
    const admin = await of('kafe')
    await admin.send(SITE, fillIn((await admin.get(SITE)).html, 'settings', { 'settings.apiKey': KEY }))
    await root.send(NETWORK, fillIn((await root.get(NETWORK)).html, 'settings', { 'settings.apiKey': KEY }))
    for (let from = 0; from < 1200; from += 600) {
      const values = Array.from({ length: 600 }, (_, i) => ({
        slug: 'till',
        site_id: 'sit_main',
        collection: 'coins',
        id: `c${from + i}`,
        data: '{}',
        created_at: 0,
        updated_at: 0,
      }))
      await db.commit([db.q.insertInto('plugin_record').values(values)])
    }
    await app.tidy()
    expect((await root.post(`${NETWORK}/uninstall`, { slug: 'till' })).status).toBe(409)
    await root.post('/network/plugins/till/deactivate')
    await admin.post(`${SITE}/activate`)
    expect((await root.post(`${NETWORK}/uninstall`, { slug: 'till' })).status).toBe(409)
    await admin.post(`${SITE}/deactivate`)
    const asked = await root.get(`${NETWORK}/uninstall`)
    expect(wordsOf(asked.html)).toContain('Records 1,200')
    expect((await root.post(`${NETWORK}/uninstall`, { slug: 'tail' })).status).toBe(422)
    expect((await root.post(`${NETWORK}/uninstall`, { slug: 'till' })).status).toBe(303)
    expect(wordsOf((await root.get('/network/plugins')).html)).toContain('Being removed')
    expect((await root.post('/network/plugins/till/activate')).status).toBe(409)
    for (let i = 0; i < 5; i++) await app.tidy()
    const tables = (await db.q.introspection.getTables()).filter(({ columns }) =>
      columns.some(({ name }) => name === 'slug'),
    )
    const left: string[] = []
    for (const { name } of tables) {
      const rows = await sql`select 1 from ${sql.table(name)} where slug = 'till'`.execute(db.q)
      if (rows.rows.length > 0) left.push(name)
    }
    expect(tables.map(({ name }) => name)).toContain('plugin_record')
    expect(left).toEqual([])
    app.clock.advance(86_400_000)
    await app.tidy()
    await app.deps.host.settled()
    expect(await db.q.selectFrom('plugin_cron').selectAll().where('slug', '=', 'till').execute()).toEqual([])
    await root.post('/network/plugins/till/activate')
    expect(JSON.parse((await root.post(`${NETWORK}/show`)).html)).toMatchObject({ key: 0 })
  })
})
