import type { Hono } from 'hono'
import { beforeAll, describe, expect, test, vi } from 'vitest'
import { insertSite } from '../db/queries/sites.ts'
import { createKey } from '../server/access/api-keys.ts'
import { scopes } from '../server/access/roles.ts'
import { rules, type RouteKey, type Rule } from '../server/access/rules.ts'
import { createApp } from '../server/app.ts'
import type { Actor } from '../server/lib/actor.ts'
import type { Env } from '../server/web/env.ts'
import { ADDRESS, addPerson, logIn, openWorld, type World } from './support/people.ts'

vi.setConfig({ testTimeout: 30_000 }) // some ask every route there is

const AREAS = ['/network', '/sites/:slug/admin']

interface Route {
  readonly method: string
  /** With its places, such as `/sites/:slug/admin/webhooks/:id`. */
  readonly pattern: string
  /** With something in its places. */
  readonly path: string
  readonly rule: Rule
}

/** Every route that the rules ask for, `{area}` written out. */
const routes: readonly Route[] = Object.keys(rules).flatMap((key) => {
  const [method = '', path = ''] = key.split(' ')
  const patterns = path.startsWith('{area}') ? AREAS.map((area) => path.replace('{area}', area)) : [path]
  return patterns.map((pattern) => ({
    method,
    pattern,
    path: pattern.replace('/sites/:slug', '/sites/main').replace(/:\w+/g, 'none').replace('*', 'none'),
    rule: rules[key as RouteKey],
  }))
})
const isApi = ({ pattern, rule }: Route) => pattern.startsWith('/api/v1/') && rule !== 'public'
const isWu = ({ pattern }: Route) => pattern.startsWith('/wp-json/')
const isIngest = ({ pattern }: Route) => pattern.startsWith('/ingest/')
const pages = routes.filter((route) => !isApi(route) && !isWu(route) && !isIngest(route))
const wu = routes.filter(isWu)
const api = routes.filter(isApi)
const names = (list: readonly Route[]) => list.map(({ method, pattern }) => `${method} ${pattern}`)

let world: World
let app: Hono<Env>
beforeAll(async () => {
  world = await openWorld()
  app = createApp({ ...world, dispatcher: () => 'on' }, () => ADDRESS)
})

const ask = async ({ method, path }: Route, headers: Record<string, string> = {}): Promise<Response> =>
  app.request(path, {
    method,
    headers: {
      host: '127.0.0.1:3000',
      'sec-fetch-site': 'same-origin',
      'content-type': 'application/json',
      ...headers,
    },
    ...(method === 'POST' || method === 'PATCH' ? { body: '{}' } : {}),
  })

/** The routes of the list whose answer does not have this status. */
async function butFor(list: readonly Route[], status: number, headers: Record<string, string>): Promise<string[]> {
  const wrong: string[] = []
  for (const route of list) {
    const answer = await ask(route, headers)
    if (answer.status !== status) wrong.push(`${route.method} ${route.path}: ${answer.status}`)
  }
  return wrong
}

test('what is mounted is exactly what the rules name', () => {
  const mounted = app.routes.filter(({ path }) => path !== '/*').map(({ method, path }) => `${method} ${path}`)
  expect(mounted.sort()).toEqual(names(routes).sort())
})

describe('nobody', () => {
  test('gets 401 as a problem from the API, which says what to send', async () => {
    for (const route of api) {
      const answer = await ask(route)
      expect({ path: route.path, status: answer.status }).toEqual({ path: route.path, status: 401 })
      expect(answer.headers.get('www-authenticate')).toBe('Bearer')
      expect(answer.headers.get('content-type')).toContain('application/problem+json')
      expect(await answer.json()).toMatchObject({ status: 401, code: 'unauthorized' })
    }
    expect(await butFor(api, 401, { authorization: 'Bearer hk_this_is_no_key_that_was_ever_made_here' })).toEqual([])
  })

  test('gets 401 in the shape of wu/v2 from there', async () => {
    for (const route of wu) {
      for (const authorization of [
        '',
        'Bearer hk_this_is_no_key_that_was_ever_made_here',
        `Basic ${btoa('key_a:hk_b')}`,
      ]) {
        const answer = await ask(route, { authorization })
        expect({ path: route.path, status: answer.status }).toEqual({ path: route.path, status: 401 })
        expect(await answer.json()).toMatchObject({ code: 'rest_forbidden', data: { status: 401 } })
      }
    }
  })

  test('is led to the log-in from every page that is not public', async () => {
    for (const route of pages.filter(({ rule }) => rule !== 'public')) {
      const answer = await ask(route)
      const to = answer.headers.get('location') ?? ''
      expect({ path: route.path, status: answer.status, to: to.split('?')[0] }).toEqual({
        path: route.path,
        status: 303,
        to: '/login',
      })
      // Back to the page, but never to a POST that would then be a GET.
      expect(new URLSearchParams(to.split('?')[1]).get('next')).toBe(
        route.method === 'GET' && route.path !== '/network' ? route.path : null,
      )
    }
  })

  test('finds what is public, and nothing but it', () => {
    expect(names(routes.filter(({ rule }) => rule === 'public'))).toEqual([
      'GET /',
      'GET /healthz',
      'GET /readyz',
      'GET /metrics',
      'GET /assets/:file',
      'GET /favicon.ico',
      'ALL /bin/:token',
      'GET /setup',
      'POST /setup',
      'GET /login',
      'POST /login',
      'GET /login/code',
      'POST /login/code',
      'GET /forgot-password',
      'POST /forgot-password',
      'GET /set-password',
      'POST /set-password',
      'GET /plugins/:plugin/*',
      'POST /plugins/:plugin/*',
      'GET /sites/:slug/plugins/:plugin/*',
      'POST /sites/:slug/plugins/:plugin/*',
      'GET /api/v1/openapi.json',
      'GET /api/docs',
      'GET /api/docs/:topic',
      'POST /ingest/:source/:token',
      'POST /ingest/:source/:token/:event',
    ])
  })

  test('learns from a 404 nothing about what there is', async () => {
    const answer = await ask({ method: 'GET', pattern: '', path: '/api/v1/no-such-thing', rule: 'public' })
    expect(answer.status).toBe(404)
    expect(await answer.json()).toMatchObject({ code: 'not_found' })
  })
})

describe('people', () => {
  const cookies: Record<string, string> = {}
  beforeAll(async () => {
    await world.db.commit([insertSite(world.db, { id: 'sit_shop', slug: 'shop', name: 'Shop', created_at: 0 })])
    const cookieOf = async (name: string) => (await logIn(world, `${name}@example.com`)).cookie
    await addPerson(world, { email: 'super@example.com' })
    await addPerson(world, { email: 'viewer@example.com', role: 'viewer' })
    await addPerson(world, { email: 'integrations@example.com', role: 'integration_admin' })
    await addPerson(world, { email: 'shop@example.com', role: 'site_admin', siteId: 'sit_shop' })
    for (const name of ['super', 'viewer', 'integrations', 'shop']) cookies[name] = await cookieOf(name)
  })
  const as = (name: string) => ({ cookie: cookies[name] ?? '' })
  const needing = (pattern: RegExp) => pages.filter(({ rule }) => pattern.test(rule))

  test('a viewer is refused whatever changes something', async () => {
    const writing = needing(/:(write|secrets)$|^network:/)
    expect(writing.length).toBeGreaterThan(40)
    expect(await butFor(writing, 403, as('viewer'))).toEqual([])
  })

  test('an integration admin is refused what is about people, keys and plugins', async () => {
    expect(await butFor(needing(/^network:|^events:write$/), 403, as('integrations'))).toEqual([])
  })

  test('a site admin is refused in Network Admin, and finds no other site', async () => {
    const network = pages.filter(({ path, rule }) => path.startsWith('/network') && rule !== 'session')
    const home = network.filter(({ path }) => path === '/network')
    expect(await butFor(home, 303, as('shop'))).toEqual([])
    expect(
      await butFor(
        network.filter((route) => !home.includes(route)),
        403,
        as('shop'),
      ),
    ).toEqual([])
    expect(
      await butFor(
        pages.filter(({ path }) => path.startsWith('/sites/')),
        404,
        as('shop'),
      ),
    ).toEqual([])
  })

  test('nobody is refused what the rules allow them, in either area', async () => {
    const reading = needing(/^(webhooks|deliveries|events):read$/).filter(({ path }) => !path.includes('none'))
    expect(reading.length).toBeGreaterThan(6)
    expect(await butFor(reading, 200, as('viewer'))).toEqual([])
    const own = reading
      .filter(({ path }) => path.startsWith('/sites/'))
      .map((route) => ({ ...route, path: route.path.replace('/main/', '/shop/').replace(/\/main$/, '/shop') }))
    expect(await butFor(own, 200, as('shop'))).toEqual([])
  })

  describe('who ask for an address that only takes forms', () => {
    const isPage = ({ pattern }: Route) => routes.some((one) => one.method === 'GET' && one.pattern === pattern)
    const only = pages.filter((route) => route.method === 'POST' && !isPage(route))
    const get = (path: string, name: string) =>
      ask({ method: 'GET', pattern: '', path, rule: 'session' }, name === 'nobody' ? {} : as(name))

    test('are led to the page above it, which says itself whether they may', async () => {
      expect(only.length).toBeGreaterThan(60)
      const wrong: string[] = []
      for (const { path } of only.filter(({ pattern }) => pattern !== '/logout')) {
        const { status, headers } = await get(path, 'super')
        const to = headers.get('location') ?? ''
        const page = pages.find((one) => one.method === 'GET' && one.path === to)
        if (status !== 303 || !page || !path.startsWith(`${to}/`)) wrong.push(`${path}: ${status} ${to}`)
      }
      expect(wrong).toEqual([])
      expect((await get('/logout', 'super')).status).toBe(404)
    })

    test('learn nothing of what is not theirs', async () => {
      for (const site of ['shop', 'main', 'none']) {
        const { headers } = await get(`/sites/${site}/admin/webhooks/whk_1/rotate?next=//evil.example`, 'shop')
        expect(headers.get('location')).toBe(`/sites/${site}/admin/webhooks/whk_1`)
        expect((await get(`/sites/${site}/admin/webhooks/whk_1`, 'shop')).status).toBe(404)
      }
    })

    test('are led there by way of the log-in, where their session has ended', async () => {
      const to = async (path: string, name: string) => (await get(path, name)).headers.get('location') ?? ''
      for (const { path } of only.filter(({ pattern }) => pattern !== '/logout')) {
        const above = await to(path, 'super')
        const first = await to(path, 'nobody')
        const [login, query] = (first === above ? await to(above, 'nobody') : first).split('?')
        const next = new URLSearchParams(query).get('next') ?? '/network'
        const end = next === above ? next : await to(next, 'super')
        expect({ path, login, end }).toEqual({ path, login: '/login', end: above })
      }
      expect((await get('/logout', 'nobody')).status).toBe(404)
    })
  })

  test.each([
    ['super', '/network/nothing', '/network'],
    ['super', '/sites/shop/admin/nothing', '/sites/shop/admin'],
    ['super', '/sites/shop/adminn', '/sites/shop/admin'],
    ['super', '/sites/none/admin/webhooks', '/network'],
    ['super', '/account/nothing', '/network'],
    ['super', '/nothing', '/network'],
    ['super', '/network/webhooks/whk_none', '/network'],
    ['shop', '/network/nothing', '/sites/shop/admin'],
    ['shop', '/sites/main/admin/nothing', '/sites/shop/admin'],
    ['shop', '/sites/shop/admin/webhooks/whk_none', '/sites/shop/admin'],
  ])('%s keeps menu and language at the wrong address %s', async (name, path, base) => {
    const route = { method: 'GET', pattern: '', path, rule: 'session' } as const
    const answer = await ask(route, { ...as(name), 'accept-language': 'sv' })
    const html = await answer.text()
    expect(answer.status).toBe(404)
    expect(html).toContain('<html lang="sv">')
    expect(html).toContain('id="menu"')
    expect(html).toContain(`<a class="button" href="${base}">`)
    // A stranger is told the same wherever nothing is.
    const plain = await ask({ ...route, path: '/nothing' })
    expect([plain.status, (await plain.text()).includes('id="menu"')]).toEqual([404, false])
  })

  test('a form from another site changes nothing, whoever is logged in', async () => {
    // What plugins open to strangers is handed no cookie: nobody's log-in can be made use of there.
    const open = ({ path }: { path: string }) => /^\/(sites\/[^/]+\/)?plugins\//.test(path)
    const posts = pages.filter((route) => route.method === 'POST' && !open(route))
    expect(await butFor(posts, 403, { ...as('super'), 'sec-fetch-site': 'cross-site' })).toEqual([])
  })
})

describe('keys', () => {
  const keyWith = async (maker: Actor, scopes: readonly string[]) => {
    const key = await createKey(world, maker, { name: 'A key', scopes, owner: 'network', expiresAt: null })
    return {
      bearer: { authorization: `Bearer ${key.secret}` },
      pair: { authorization: `Basic ${btoa(`${key.id}:${key.secret}`)}` },
    }
  }

  test('lack every scope that they were not given', async () => {
    const maker = await addPerson(world, { email: 'maker@example.com' })
    for (const scope of scopes) {
      const { bearer, pair } = await keyWith(maker, [scope])
      for (const [list, key] of [
        [api, bearer],
        [wu, pair],
      ] as const) {
        const others = list.filter(({ rule }) => rule !== scope && rule !== 'session')
        expect(await butFor(others, 403, key)).toEqual([])
        for (const route of list.filter(({ rule }) => rule === scope || rule === 'session')) {
          expect([401, 403]).not.toContain((await ask(route, key)).status)
        }
      }
    }
  })
})

test('a key that is bound to a site reaches nothing of the network, whoever made it', async () => {
  const maker = await addPerson(world, { email: 'binder@example.com' })
  const wanted = {
    name: 'Bound',
    scopes: ['network:read', 'network:write', 'privacy:write'],
    owner: 'sit_main',
    expiresAt: null,
  }
  const { secret } = await createKey(world, maker, wanted)
  const network = api.filter(({ rule }) => /^(network|privacy):/.test(rule))
  expect(new Set(network.map(({ rule }) => rule)).size).toBe(3)
  expect(await butFor(network, 403, { authorization: `Bearer ${secret}` })).toEqual([])
})

test('the API lists sites in pages, stable while sites are added, by state and by part of a name', async () => {
  const maker = await addPerson(world, { email: 'lister@example.com' })
  const { secret } = await createKey(world, maker, {
    name: 'List',
    scopes: ['network:read'],
    owner: 'network',
    expiresAt: null,
  })
  const list = async (search: string) => {
    const route = { method: 'GET', pattern: '', path: `/api/v1/sites${search}`, rule: 'network:read' } as const
    const answer = await ask(route, { authorization: `Bearer ${secret}` })
    return (await answer.json()) as { data: { slug: string }[]; next_cursor: string | null; code?: string }
  }
  const rows = Array.from({ length: 5 }, (_, n) => ({
    id: `sit_p${n}`,
    slug: `page-${n}`,
    name: `Page ${n}`,
    created_at: 100 + n,
  }))
  await world.db.commit(rows.map((row) => insertSite(world.db, row)))
  const first = await list('?q=page&limit=3')
  expect(first.data.map(({ slug }) => slug)).toEqual(['page-0', 'page-1', 'page-2'])
  await world.db.commit([insertSite(world.db, { id: 'sit_p9', slug: 'page-9', name: 'Page 9', created_at: 50 })])
  const second = await list(`?q=page&limit=3&cursor=${first.next_cursor}`)
  expect([second.data.map(({ slug }) => slug), second.next_cursor]).toEqual([['page-3', 'page-4'], null])
  expect((await list('?state=archived')).data).toEqual([])
  expect((await list('?state=junk')).code).toBe('bad_request')
  expect((await list('?cursor=junk')).code).toBe('bad_cursor')
})

test('without a database the server lives, and says that it is not ready', async () => {
  const without = await openWorld()
  const broken = createApp({ ...without, dispatcher: () => 'on' }, () => ADDRESS)
  await without.db.close()
  const probe = (path: string) => broken.request(path, { headers: { host: '127.0.0.1:3000' } })
  expect((await probe('/healthz')).status).toBe(200)
  const ready = await probe('/readyz')
  expect(ready.status).toBe(503)
  expect(await ready.json()).toEqual({ status: 'not ready', database: 'unreachable', dispatcher: 'on' })
})

test('a proxy that nobody told us of is warned of once', async () => {
  const warnings: string[] = []
  const log = { ...world.log, warn: (message: string) => void warnings.push(message) }
  const own = createApp({ ...world, log, dispatcher: () => 'on' }, () => ADDRESS)
  for (let i = 0; i < 2; i++) {
    await own.request('/healthz', { headers: { host: '127.0.0.1:3000', 'x-forwarded-for': '192.0.2.1' } })
  }
  expect(warnings).toEqual([expect.stringContaining('TRUST_PROXY')])
})
