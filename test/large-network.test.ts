import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { insertPerson } from '../db/queries/people.ts'
import { insertSite } from '../db/queries/sites.ts'
import { newId } from '../server/lib/ids.ts'
import { testApp, type TestApp, type Visitor } from './support/app.ts'
import { furnish, kindOf, routes } from './support/belongings.ts'

// Every page is asked for on a network of two sites and on one of ten thousand: it may not read more often, nor grow long.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

const SITES = 10_000
const WEBHOOKS = 1000
/** What a page may weigh at most, in characters, however large the network is. */
const MOST_CHARACTERS = 150_000

/** Pages that no id and no name of a thing has to be put into, and those of things that have one of their own here. */
const pages = routes.filter(
  ({ method, path, rule }) =>
    method === 'GET' && (path.startsWith('/network') || path.startsWith('/sites/:slug/admin') || rule === 'session'),
)
/** A page with an id in its path needs a thing of its kind, which `network` makes. */
const notPages = /^\/api\/|^\/wp-json\/|\/captures\/|\/audit\/export$/

interface Measured {
  readonly status: number
  readonly statements: number
  readonly characters: number
}
interface Network {
  readonly app: TestApp
  readonly things: Readonly<Record<string, string>>
  readonly visitors: Readonly<Record<'super_admin' | 'site_admin', Visitor>>
  measure(who: 'super_admin' | 'site_admin', path: string): Promise<Measured>
}

let statements = 0
const ends: (() => Promise<void>)[] = []
afterAll(() => Promise.all(ends.map((end) => end())))

async function network(grow: (app: TestApp) => Promise<void>): Promise<Network> {
  const app = await testApp({ asked: () => statements++, ends: (end) => ends.push(end) })
  const { db } = app.deps
  const site = await app.site('kafe')
  const [ofNetwork, ofSite] = [await furnish(app, 'network'), await furnish(app, site)]
  const visitors = { super_admin: await app.login('super_admin'), site_admin: await app.login('site_admin', 'kafe') }
  const { id: users } = await db.q
    .selectFrom('user')
    .select('id')
    .where('role', '=', 'super_admin')
    .executeTakeFirstOrThrow()
  const { id: audit } = await db.q
    .selectFrom('audit')
    .select('id')
    .where('owner', '=', 'network')
    .executeTakeFirstOrThrow()
  // One that fails, so that both networks have something to tell.
  await db.commit([
    db.q
      .updateTable('webhook')
      .set({ state: 'failing' })
      .where('id', 'in', [ofNetwork.webhooks ?? '', ofSite.webhooks ?? '']),
  ])
  const search = await visitors.super_admin.post('/network/privacy', { address: 'mary@example.com' })
  const privacy = search.location.split('/').at(-1) ?? ''
  await grow(app)
  const things: Record<string, string> = {}
  for (const [kind, id] of Object.entries({ ...ofNetwork, users, sites: site, audit, privacy }))
    things[`/network ${kind}`] = id
  for (const [kind, id] of Object.entries(ofSite)) things[`/sites/kafe/admin ${kind}`] = id
  return {
    app,
    things,
    visitors,
    async measure(who, path) {
      const visitor = visitors[who]
      // Once before: what is read once and kept is no part of it.
      await visitor.get(path)
      statements = 0
      const { status, html } = await visitor.get(path)
      return { status, statements, characters: html.length }
    },
  }
}

/** The page of a route on a network, with things that are there; null for one that has none. */
function pathOn({ things }: Network, route: string): string {
  const area = route.startsWith('/network') ? '/network' : '/sites/kafe/admin'
  return route
    .replace('/sites/:slug/admin', '/sites/kafe/admin')
    .replace(':id', things[`${area} ${kindOf(route)}`] ?? 'none')
    .replace('/plugins/:plugin/*', '/plugins/payments/payments')
    .replace(/:(plugin|slug)/, 'example')
    .replace(':name', 'payment_received')
}

/** Ten thousand sites, each with the example switched on, a thousand webhooks, many people, keys, sources and events. */
async function growLarge(app: TestApp): Promise<void> {
  const { db } = app.deps
  const { q } = db
  const now = app.clock.now()
  const many = (count: number) => Array.from({ length: count }, (_, n) => n)
  const inSteps = async <Row>(
    rows: readonly Row[],
    insert: (rows: readonly Row[]) => Parameters<typeof db.commit>[0],
  ) => {
    for (let at = 0; at < rows.length; at += 500) await db.commit(insert(rows.slice(at, at + 500)))
  }
  const sites = many(SITES).map((n) => ({
    id: newId('sit', app.deps),
    slug: `site-${n}`,
    name: `Site ${n}`,
    created_at: now,
  }))
  await inSteps(sites, (rows) => rows.map((row) => insertSite(db, row)))
  const siteAt = (n: number) => sites[n % SITES]?.id ?? ''
  const on = { slug: 'example', active: 1, version: '1.0.0', settings: '{}' }
  await inSteps(sites, (rows) => rows.map(({ id }) => q.insertInto('plugin_site').values({ ...on, site_id: id })))
  const webhook = await q.selectFrom('webhook').selectAll().where('owner', '=', 'network').executeTakeFirstOrThrow()
  const mine = await q.selectFrom('webhook').selectAll().where('owner', '<>', 'network').executeTakeFirstOrThrow()
  const hooks = many(WEBHOOKS).map((n) => ({
    ...webhook,
    id: newId('whk', app.deps),
    number: n + 100,
    name: `Webhook ${n}`,
    state: n % 7 === 0 ? ('failing' as const) : ('active' as const),
    // A fifth each of the network's, of the site that is looked at, and of others.
    owner: n % 5 === 0 ? 'network' : n % 5 === 1 ? mine.owner : siteAt(n),
  }))
  await inSteps(hooks, (rows) => rows.map((row) => q.insertInto('webhook').values(row)))
  const chosen = hooks.map(({ id }) => ({ webhook_id: id, event_type: 'payment_received' }))
  await inSteps(chosen, (rows) => rows.map((row) => q.insertInto('webhook_event').values(row)))
  const people = many(2000).map((n) => ({
    id: newId('usr', app.deps),
    name: `Person ${n}`,
    email: `many-${n}@example.com`,
    role: n % 2 ? ('viewer' as const) : ('site_admin' as const),
    siteId: n % 2 ? 'network' : n % 20 ? siteAt(n) : mine.owner,
    locale: null,
    at: new Date(now).toISOString(),
  }))
  await inSteps(people, (rows) => rows.map((row) => insertPerson(db, row)))
  const key = await q.selectFrom('api_key').selectAll().executeTakeFirstOrThrow()
  const source = await q.selectFrom('source').selectAll().executeTakeFirstOrThrow()
  await inSteps(many(300), (rows) =>
    rows.flatMap((n) => {
      const owner = n % 3 ? siteAt(n) : mine.owner
      return [
        q.insertInto('api_key').values({ ...key, id: newId('key', app.deps), hash: `hash ${n}`, owner }),
        q
          .insertInto('source')
          .values({ ...source, id: newId('src', app.deps), token_hash: `hash ${n}`, site_id: owner }),
      ]
    }),
  )
  for (const n of many(60)) await app.emit({ site: n % 2 ? mine.owner : siteAt(n) })
}

test('My Sites leads to the first, to the one where one is, and by a search to all others', async () => {
  const app = await testApp()
  for (let n = 0; n < 30; n++) {
    app.clock.advance(1)
    await app.site(`site-${n}`)
  }
  const admin = await app.login()
  const bar = async (who: Visitor, path: string) => {
    const { html } = await who.get(path)
    return html.slice(html.indexOf('<header'), html.indexOf('</header>'))
  }
  const far = await bar(admin, '/sites/site-29/admin')
  expect(far).toContain('<a href="/sites/site-29/admin" aria-current="true">')
  expect(far.match(/<a href="\/sites\/[^"]+" *(aria|>)/g)?.length).toBe(21)
  expect(far).toContain('role="search" action="/network/sites"')
  expect(await bar(await app.login('viewer'), '/network')).not.toContain('role="search"')
  expect(await bar(await app.login('site_admin', 'site-3'), '/sites/site-3/admin')).not.toContain('My Sites')
})

describe('on ten thousand sites with a thousand webhooks', () => {
  let [small, large]: (Network | null)[] = [null, null]
  beforeAll(async () => {
    small = await network(async () => {})
    large = await network(growLarge)
  })

  test.each(['super_admin', 'site_admin'] as const)('no page of a %s reads more often, or grows long', async (who) => {
    if (!small || !large) throw new Error('There are no networks.')
    const wrong: string[] = []
    let shown = 0
    for (const { path: route } of pages) {
      if (notPages.test(route) || (who === 'site_admin' && route.startsWith('/network'))) continue
      const few = await small.measure(who, pathOn(small, route))
      const many = await large.measure(who, pathOn(large, route))
      if (few.status !== many.status || ![200, 303].includes(few.status)) {
        wrong.push(`${route}: ${few.status} and ${many.status}`)
        continue
      }
      shown++
      if (many.statements > few.statements)
        wrong.push(`${route}: ${few.statements} statements, then ${many.statements}`)
      if (many.characters > MOST_CHARACTERS) wrong.push(`${route}: ${many.characters} characters`)
    }
    expect(wrong).toEqual([])
    expect(shown).toBeGreaterThan(who === 'super_admin' ? 60 : 25)
  })
})
