import { describe, expect, test, vi } from 'vitest'
import { siteBySlug } from '../../../db/queries/sites.ts'
import { createKey } from '../../../server/access/api-keys.ts'
import type { Capability } from '../../../server/lib/actor.ts'
import { DAY, MINUTE } from '../../../server/lib/clock.ts'
import { definePlugin, type Plugin } from '../../../server/plugin/define.ts'
import { testApp, type TestApp } from '../../support/app.ts'
import { fillIn, wordsOf } from '../../support/form.ts'
import { startReceiver } from '../../support/receiver.ts'
import { valueOf } from '../../support/visitor.ts'

const LIST = '/network/sites'

/** Sites beside the main one, `site-00000` and so on; every tenth is archived. */
async function manySites({ deps }: TestApp, count: number): Promise<void> {
  const { db } = deps
  const numbers = Array.from({ length: count }, (_, n) => String(n).padStart(5, '0'))
  for (let at = 0; at < count; at += 500) {
    const rows = numbers.slice(at, at + 500).map((n, i) => ({
      id: `sit_${n}`,
      slug: `site-${n}`,
      name: `Site ${n}`,
      state: (at + i) % 10 === 9 ? ('archived' as const) : ('active' as const),
      created_at: Number(n) + 1,
    }))
    await db.commit([db.q.insertInto('site').values(rows)])
  }
}

const slugs = (html: string): string[] => [...html.matchAll(/<code>([a-z0-9-]+)<\/code>/g)].map(([, slug = '']) => slug)
const link = (html: string, label: string): string =>
  (new RegExp(`<a class="button small" href="([^"]*)" aria-label="${label}"`).exec(html)?.[1] ?? '').replaceAll(
    '&amp;',
    '&',
  )

test('a site is added, renamed, archived, brought back and deleted by its slug', async () => {
  const app = await testApp()
  const admin = await app.login()
  const form = await admin.get(`${LIST}/new`)
  const id = valueOf(form.html, 'once')
  const fields = { once: id, name: 'Kafé Fjord', slug: 'kafe' }
  const made = await admin.send(`${LIST}/new`, fields)
  expect(wordsOf(made.html)).toContain('Kafé Fjord was added.')
  // A double click makes one.
  expect((await admin.post(`${LIST}/new`, fields)).location).toBe(`${LIST}/kafe`)
  expect((await app.deps.db.q.selectFrom('site').selectAll().execute()).length).toBe(2)

  expect(wordsOf((await admin.send(`${LIST}/kafe`, { name: 'Kafé' })).html)).toContain('Kafé saved.')
  expect(wordsOf((await admin.send(`${LIST}/kafe/archive`)).html)).toContain('Kafé is archived.')
  expect((await siteBySlug(app.deps.db, 'kafe'))?.state).toBe('archived')
  expect(wordsOf((await admin.send(`${LIST}/kafe/restore`)).html)).toContain('Kafé is back.')

  const refused = await admin.post(`${LIST}/kafe/delete`, { slug: 'kaffe' })
  expect(refused.status).toBe(422)
  expect(refused.html).toContain('id="slug-error"')
  expect(wordsOf((await admin.send(`${LIST}/kafe/delete`, { slug: 'kafe' })).html)).toContain('Kafé is deleted.')
  expect((await admin.get(`${LIST}/kafe`)).status).toBe(404)
  expect((await admin.get('/sites/kafe/admin')).status).toBe(404)
  expect((await admin.post(`${LIST}/kafe/delete`, { slug: 'kafe' })).location).toBe(LIST)
  const actions = await app.deps.db.q
    .selectFrom('audit')
    .select('action')
    .where('target', '=', id)
    .orderBy('seq')
    .execute()
  expect(actions.map(({ action }) => action)).toEqual([
    'site.created',
    'site.updated',
    'site.updated',
    'site.updated',
    'site.deleted',
  ])
})

test.each([
  ['', 'Shop', 'slug'],
  ['-shop', 'Shop', 'slug'],
  ['network', 'Shop', 'slug'],
  ['a'.repeat(64), 'Shop', 'slug'],
  ['main', 'Shop', 'slug'],
  ['new', 'Shop', 'slug'],
  ['shop', '', 'name'],
  ['shop', 'a\u202eb', 'name'],
])('a site cannot have the slug "%s" and the name "%s"', async (slug, name, field) => {
  const admin = await (await testApp()).login()
  const answer = await admin.post(`${LIST}/new`, { slug, name })
  expect(answer.status).toBe(422)
  expect(answer.html).toContain(`id="${field}-error"`)
})

test('the slug of another site is refused beside its field', async () => {
  const app = await testApp()
  await app.site('shop')
  const answer = await (await app.login()).post(`${LIST}/new`, { slug: 'shop', name: 'Shop' })
  expect(answer.status).toBe(422)
  expect(wordsOf(answer.html)).toContain('Another site has this slug.')
})

test('the main site is neither archived nor deleted', async () => {
  const admin = await (await testApp()).login()
  expect((await admin.post(`${LIST}/main/archive`)).status).toBe(409)
  expect((await admin.post(`${LIST}/main/delete`, { slug: 'main' })).status).toBe(409)
  expect(wordsOf((await admin.get(`${LIST}/main/delete`)).html)).toContain('The main site cannot be deleted.')
})

test('ticked sites are archived and brought back together, each with its row in the audit log', async () => {
  const receiver = await startReceiver({ answer: () => ({ status: 200 }) })
  const app = await testApp()
  const admin = await app.login()
  // No slug stands in the way of a form.
  const ids = [await app.site('bulk'), await app.site('kafe'), await app.site('shop')]
  const [first = '', second = '', other = ''] = ids
  for (const owner of ids) await app.webhook({ url: receiver.url }, owner)
  const states = async () =>
    (await app.deps.db.q.selectFrom('site').select(['slug', 'state']).orderBy('slug').execute()).map(
      ({ slug, state }) => `${slug} ${state}`,
    )
  const back = `${LIST}?q=a&sort=-name`
  const ticked = (action: string, ...chosen: string[]) =>
    new URLSearchParams([['action', action], ['back', back], ...chosen.map((id) => ['id', id])])

  const archived = await admin.post(LIST, ticked('archive', first, second, 'sit_none'))
  expect(archived.location).toBe(back)
  expect(wordsOf((await admin.get(back)).html)).toContain('Sites archived: 2.')
  expect(await states()).toEqual(['bulk archived', 'kafe archived', 'main active', 'shop active'])
  for (const site of [first, second]) await expect(app.emit({ site })).rejects.toThrow()
  await app.emit({ site: other })
  await app.deliver()
  expect(receiver.requests).toHaveLength(1)

  // What is so already leaves no row.
  await admin.post(LIST, ticked('archive', first))
  expect(wordsOf((await admin.send(LIST, ticked('restore', first, other, 'sit_main'))).html)).toContain(
    'Sites brought back: 3.',
  )
  expect(await states()).toEqual(['bulk active', 'kafe archived', 'main active', 'shop active'])
  await app.emit({ site: first })
  await app.deliver()
  expect(receiver.requests).toHaveLength(2)
  const rows = await app.deps.db.q
    .selectFrom('audit')
    .select(['target', 'after'])
    .where('action', '=', 'site.updated')
    .orderBy('seq')
    .execute()
  expect(rows.map(({ target, after }) => [target, (JSON.parse(after ?? '') as { state: string }).state])).toEqual([
    [first, 'archived'],
    [second, 'archived'],
    [first, 'active'],
  ])
})

test('what waits for archived sites is held, and goes out when they are brought back together', async () => {
  const receiver = await startReceiver({ answer: () => ({ status: 200 }) })
  const app = await testApp()
  const admin = await app.login()
  const ids = [await app.site('kafe'), await app.site('shop')]
  for (const site of ids) {
    await app.webhook({ url: receiver.url }, site)
    await app.emit({ site })
  }
  const states = async () =>
    (await app.deps.db.q.selectFrom('delivery').select('state').execute()).map(({ state }) => state)
  await admin.post(LIST, { action: 'archive', ids: ids.join() })
  expect(await states()).toEqual(['held', 'held'])
  await admin.post(LIST, { action: 'restore', ids: ids.join() })
  await app.deliver()
  expect(await states()).toEqual(['delivered', 'delivered'])
})

test('the main site is left out of what is archived together, and it says why', async () => {
  const app = await testApp()
  const admin = await app.login()
  const kafe = await app.site('kafe')
  const { html } = await admin.send(LIST, { action: 'archive', ids: `sit_main,${kafe}` })
  expect(wordsOf(html)).toContain('Sites archived: 1. The main site cannot be archived.')
  expect((await siteBySlug(app.deps.db, 'main'))?.state).toBe('active')
  expect((await siteBySlug(app.deps.db, 'kafe'))?.state).toBe('archived')
})

test('nothing is done to sites without a choice, by deleting them, or by who may not', async () => {
  const app = await testApp()
  const admin = await app.login()
  const kafe = await app.site('kafe')
  for (const fields of [{ action: 'archive' }, { action: '', id: kafe }, { action: 'delete', id: kafe, sure: '1' }])
    expect(wordsOf((await admin.send(LIST, fields)).html)).toContain('Nothing was done.')
  const viewer = await app.login('viewer')
  expect((await viewer.post(LIST, { action: 'archive', id: kafe })).status).toBe(403)
  expect((await viewer.get(LIST)).html).not.toContain('name="id"')
  expect((await siteBySlug(app.deps.db, 'kafe'))?.state).toBe('active')
})

test('a deleted site sends nothing, opens to no key, and goes with what the log holds of it', async () => {
  const receiver = await startReceiver({ answer: () => ({ status: 503 }) })
  const app = await testApp()
  const admin = await app.login()
  const shop = await app.site('shop')
  await app.webhook({ url: receiver.url }, shop)
  await app.emit({ site: shop })
  await app.deliver()
  await admin.send(`${LIST}/shop/delete`, { slug: 'shop' })
  const { q } = app.deps.db
  expect((await q.selectFrom('delivery').select('state').execute()).map(({ state }) => state)).toEqual(['cancelled'])
  expect((await q.selectFrom('webhook').select('state').execute()).map(({ state }) => state)).toEqual(['retired'])
  app.clock.advance(29 * DAY)
  await app.tidy()
  expect(await q.selectFrom('site').selectAll().where('id', '=', shop).execute()).toHaveLength(1)
  app.clock.advance(2 * DAY + MINUTE)
  await app.tidy()
  expect(await q.selectFrom('site').selectAll().where('id', '=', shop).execute()).toEqual([])
  expect(await q.selectFrom('webhook').selectAll().execute()).toEqual([])
})

test('the page of a site shows what it has', async () => {
  const app = await testApp()
  const admin = await app.login()
  const shop = await app.site('shop')
  await app.login('site_admin', 'shop')
  await app.webhook({ url: 'http://127.0.0.1:9/' }, shop)
  const maker = (await app.deps.db.q.selectFrom('user').select('id').executeTakeFirstOrThrow()).id
  const actor = {
    kind: 'user',
    id: maker,
    name: 'Ingrid',
    owner: 'network',
    capabilities: new Set<Capability>(['events:write']),
    address: '',
  } as const
  await createKey(app.deps, actor, { name: 'Till', scopes: ['events:write'], owner: shop, expiresAt: null })
  const words = wordsOf((await admin.get(`${LIST}/shop`)).html)
  expect(words).toContain('1 of 5')
  expect(words).toContain('person-2@example.com')
  expect(words).toContain('Till')
  expect(words).toContain('Payments')
})

describe('the list', () => {
  test('goes forth and back through pages in any order, and counts its views', async () => {
    const app = await testApp()
    const admin = await app.login()
    await manySites(app, 45)
    const first = await admin.get(LIST)
    expect(wordsOf(first.html)).toContain('All (46) Active (42) Archived (4)')
    expect(slugs(first.html)).toEqual([
      'main',
      ...Array.from({ length: 19 }, (_, n) => `site-${String(n).padStart(5, '0')}`),
    ])
    const second = await admin.get(link(first.html, 'Next page'))
    const third = await admin.get(link(second.html, 'Next page'))
    expect(slugs(third.html)).toHaveLength(6)
    expect(link(third.html, 'Next page')).toBe('')
    expect(slugs((await admin.get(link(second.html, 'Previous page'))).html)).toEqual(slugs(first.html))
    const newest = await admin.get(`${LIST}?sort=-created&state=active`)
    expect(slugs(newest.html)[0]).toBe('site-00043'.replace('43', '44'))
    expect(slugs(newest.html)).not.toContain('site-00039')
    expect(slugs((await admin.get(link(newest.html, 'Next page'))).html)).toHaveLength(20)
  })

  test('is searched by part of a name or a slug', async () => {
    const app = await testApp()
    const admin = await app.login()
    await manySites(app, 30)
    const found = await admin.get(`${LIST}?q=SITE-0002`)
    expect(slugs(found.html)).toHaveLength(10)
    expect(wordsOf(found.html)).toContain('All (10)')
    expect(wordsOf((await admin.get(`${LIST}?q=nothing`)).html)).toContain('No sites match')
  })

  test.each(['?sort=junk', '?state=deleted', '?before=junk', '?after=W10', '?q=%00'])(
    'takes %s as good as not there',
    async (search) => {
      const admin = await (await testApp()).login()
      expect((await admin.get(LIST + search)).status).toBe(200)
    },
  )
})

describe('ten thousand sites and a thousand webhooks', () => {
  test('cost no page more statements, and no select grows beyond a hundred', async () => {
    const app = await testApp()
    const admin = await app.login()
    const paths = [
      LIST,
      '/network',
      '/network/users/new',
      '/network/api-keys/new',
      '/network/webhooks',
      '/network/webhooks/new',
      '/network/deliveries',
      '/network/events',
      `${LIST}/main`,
    ]
    await app.webhook({ url: 'http://127.0.0.1:9/' }, await app.site('one'))
    const few: [string, number][] = []
    for (const path of paths) few.push([path, await statementsOf(app, () => admin.get(path))])
    await manySites(app, 10_000)
    const { db } = app.deps
    const webhook = await db.q.selectFrom('webhook').selectAll().executeTakeFirstOrThrow()
    for (let at = 0; at < 1000; at += 250) {
      const rows = Array.from({ length: 250 }, (_, n) => ({
        ...webhook,
        id: `whk_${at + n}`,
        owner: `sit_${String(at + n).padStart(5, '0')}`,
      }))
      await db.commit([db.q.insertInto('webhook').values(rows)])
    }
    const many: [string, number][] = []
    for (const path of paths) {
      many.push([path, await statementsOf(app, () => admin.get(path))])
      const { html } = await admin.get(path)
      expect([path, html.length < 400_000]).toEqual([path, true])
      expect([path, (html.match(/site-0\d{4}/g) ?? []).length < 150]).toEqual([path, true])
    }
    expect(many).toEqual(few)
  })

  test('a site is then chosen by its slug', async () => {
    const app = await testApp()
    const admin = await app.login()
    await manySites(app, 101)
    const form = await admin.get('/network/users/new')
    expect(form.html).toContain('name="site"')
    expect(form.html).not.toContain('<option value="sit_')
    const fields = { name: 'Bo Ek', email: 'bo@example.com', password: 'correct horse battery', role: 'site_admin' }
    expect((await admin.post('/network/users', { ...fields, site: 'nowhere' })).status).toBe(422)
    expect((await admin.post('/network/users', { ...fields, site: 'site-00099' })).status).toBe(422) // archived
    expect((await admin.post('/network/users', { ...fields, site: 'site-00098' })).status).toBe(303)
    const bo = await app.deps.db.q
      .selectFrom('user')
      .select('siteId')
      .where('email', '=', 'bo@example.com')
      .executeTakeFirst()
    expect(bo?.siteId).toBe('sit_00098')
  })
})

describe('the API keys of a site', () => {
  test('are made, shown and revoked by its site admin, and reach nothing else', async () => {
    const app = await testApp()
    const shop = await app.site('shop')
    await app.site('other')
    const keeper = await app.login('site_admin', 'shop')
    const path = '/sites/shop/admin/api-keys'
    const form = await keeper.get(`${path}/new`)
    expect(form.html).not.toContain('name="site"')
    const id = valueOf(form.html, 'once')
    const made = await keeper.post(path, { once: id, name: 'Till', scopes: 'webhooks:read', site: 'sit_main' })
    expect(made.status).toBe(201)
    const secret = /hk_[\w-]{43}/.exec(made.html)?.[0] ?? ''
    expect((await app.deps.access.byKey(`Bearer ${secret}`, ''))?.owner).toBe(shop)
    expect(wordsOf((await keeper.get(path)).html)).toContain('Till')
    const other = await app.login('site_admin', 'other')
    expect((await other.get('/sites/other/admin/api-keys')).html).not.toContain('Till')
    expect((await other.get(`/sites/other/admin/api-keys/${id}/revoke`)).status).toBe(404)
    expect((await other.post(`/sites/other/admin/api-keys/${id}/revoke`)).status).toBe(404)
    await keeper.send(`${path}/${id}/revoke`)
    expect(await app.deps.access.byKey(`Bearer ${secret}`, '')).toBeNull()
  })

  test('are not for viewers, and hold no more than their maker may do', async () => {
    const app = await testApp()
    await app.site('shop')
    expect((await (await app.login('viewer')).get('/sites/shop/admin/api-keys')).status).toBe(403)
    const keeper = await app.login('site_admin', 'shop')
    expect((await keeper.post('/sites/shop/admin/api-keys', { name: 'Till', scopes: 'network:write' })).status).toBe(
      422,
    )
  })
})

/** How many statements a piece of work reads with. */
async function statementsOf({ deps }: TestApp, work: () => Promise<unknown>): Promise<number> {
  const reading = vi.spyOn(deps.db.q.getExecutor(), 'executeQuery')
  await work()
  const count = reading.mock.calls.length
  reading.mockRestore()
  return count
}

test('twenty plugins more cost a list of webhooks or deliveries no statement more', async () => {
  const more = Array.from({ length: 20 }, (_, n) =>
    definePlugin({
      slug: `more-${n}`,
      version: '1.0.0',
      title: `More ${n}`,
      requires: { host: '^1.0' },
      scope: 'network',
      defaultActive: true,
    }),
  )
  const costs = async (plugins: readonly Plugin[]) => {
    const app = await testApp({ plugins })
    const admin = await app.login()
    const paths = ['webhooks', 'webhooks/new', 'deliveries', 'events', 'event-types', 'users'].map(
      (name) => `/network/${name}`,
    )
    const each = []
    for (const path of paths) each.push(await statementsOf(app, () => admin.get(path)))
    return each
  }
  expect(await costs(more)).toEqual(await costs([]))
})

test('the form of a webhook ticks sites while they are few', async () => {
  const app = await testApp()
  await app.site('shop')
  const admin = await app.login()
  expect(fillIn((await admin.get('/network/webhooks/new')).html, 'webhook', { sites: 'shop' }).get('sites')).toBe(
    'shop',
  )
})
