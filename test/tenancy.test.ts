import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { Rule } from '../server/access/rules.ts'
import type { Capability } from '../server/lib/actor.ts'
import { testApp, type TestApp, type Visitor } from './support/app.ts'
import { filled, furnish, kindOf, routes } from './support/belongings.ts'

// People of five kinds log in, and every route there is gets asked by each of them.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

type Who = 'viewer' | 'site_admin' | 'integration_admin' | 'super_admin'

/** Who may do what, in words of its own: a capability that is added to the rules needs a row here. */
const may: Readonly<Record<Capability, readonly Who[]>> = {
  'events:read': ['viewer', 'site_admin', 'integration_admin', 'super_admin'],
  'events:write': ['super_admin'],
  'webhooks:read': ['viewer', 'site_admin', 'integration_admin', 'super_admin'],
  'webhooks:write': ['site_admin', 'integration_admin', 'super_admin'],
  'webhooks:secrets': ['site_admin', 'integration_admin', 'super_admin'],
  'deliveries:read': ['viewer', 'site_admin', 'integration_admin', 'super_admin'],
  'deliveries:write': ['site_admin', 'integration_admin', 'super_admin'],
  'plugins:write': ['site_admin', 'super_admin'],
  'network:read': ['super_admin'],
  'network:write': ['super_admin'],
  'keys:write': ['site_admin', 'super_admin'],
  'metrics:read': ['super_admin'],
  'privacy:write': ['super_admin'],
}

const inSite = routes.filter(({ path }) => path.startsWith('/sites/:slug/admin'))
const inNetwork = routes.filter(({ path }) => path.startsWith('/network'))
const isCapability = (rule: Rule): rule is Capability => rule !== 'public' && rule !== 'session'

let app: TestApp
let end = () => Promise.resolve()
afterAll(() => end())
const people: Record<string, Visitor> = {}
/** The things of the other site, by the word that stands in front of their ids in a path. */
const theirs: Record<string, string> = {}

beforeAll(async () => {
  app = await testApp({ ends: (stop) => void (end = stop) })
  await app.site('mine')
  const other = await app.site('theirs')
  for (const who of ['viewer', 'integration_admin', 'super_admin'] as const) people[who] = await app.login(who)
  people['site_admin'] = await app.login('site_admin', 'mine')
  Object.assign(theirs, await furnish(app, other))
})

const ask = (who: string, method: string, path: string) => {
  const visitor = people[who] ?? app.stranger
  return method === 'GET' ? visitor.get(path) : visitor.post(path)
}

describe.each<Who>(['viewer', 'site_admin', 'integration_admin', 'super_admin'])('a %s', (who) => {
  const isOfSite = who === 'site_admin'

  test.each([
    ['mine', inSite],
    ['theirs', inSite],
    ['', inNetwork],
  ])('in "%s" is refused exactly what the table does not allow', async (site, list) => {
    const wrong: string[] = []
    for (const { method, path, rule } of list) {
      if (rule === 'public') continue
      const { status } = await ask(who, method, filled(path, site))
      const allowed = !isCapability(rule) || may[rule].includes(who)
      const here = !isOfSite || site === 'mine'
      const fits =
        isOfSite && site === 'theirs'
          ? status === 404
          : (allowed && here) || !isCapability(rule)
            ? status !== 403
            : status === 403
      // The home of who belongs to one site is the site's.
      if (!fits && !(path === '/network' && status === 303)) wrong.push(`${method} ${path}: ${status}`)
    }
    expect(wrong).toEqual([])
  })
})

test('every capability that a route asks for stands in the table', () => {
  const asked = routes.map(({ rule }) => rule).filter(isCapability)
  expect(asked.filter((rule) => !(rule in may))).toEqual([])
})

describe('what belongs to another site', () => {
  const siteOf = (slug: string) =>
    app.deps.db.q.selectFrom('site').select('id').where('slug', '=', slug).executeTakeFirstOrThrow()
  const withId = inSite.filter(({ path }) => path.includes('/:id'))
  const stranger = (id: string) => `${id.slice(0, 4)}${'0'.repeat(id.length - 4)}`
  const at = (path: string, id: string) => filled(path.replace(':id', id), 'mine')

  test('has a row here for each route that takes an id', () => {
    expect(withId.map(({ path }) => kindOf(path)).filter((row) => !(row in theirs))).toEqual([])
    expect(withId.length).toBeGreaterThan(30)
  })

  test('is 404 on every page, word for word as what nobody has', async () => {
    const wrong: string[] = []
    for (const { method, path } of withId) {
      const id = theirs[kindOf(path)] ?? ''
      const [found, none] = [
        await ask('site_admin', method, at(path, id)),
        await ask('site_admin', method, at(path, stranger(id))),
      ]
      const same = found.html.replaceAll(id, '') === none.html.replaceAll(stranger(id), '')
      if (found.status !== 404 || none.status !== 404 || !same)
        wrong.push(`${method} ${path}: ${found.status}, ${same}`)
    }
    expect(wrong).toEqual([])
  })

  test('is as good as not there where a request of the API names it', async () => {
    const client = await app.client('mine')
    const wrong: string[] = []
    const sample = app.deps.host.eventType('payment_received')?.sample ?? {}
    const asks: [method: string, path: (id: string) => string, body?: (id: string) => object][] = [
      ['GET', (id) => `/events?site=${id}`],
      ['GET', (id) => `/deliveries?webhook=${id}`],
      ['GET', (id) => `/deliveries?event=${id}`],
      ['GET', (id) => `/deliveries?site=${id}`],
      ['POST', () => '/events', (id) => ({ type: 'payment_received', data: sample, site: id })],
      ['POST', () => '/deliveries/redeliver', (id) => ({ ids: [id] })],
      [
        'POST',
        () => '/webhooks',
        (id) => ({ name: 'A', url: 'https://a.example/', events: ['payment_received'], sites: [id] }),
      ],
    ]
    for (const [method, path, body] of asks) {
      for (const id of ['theirs', ...Object.values(theirs)]) {
        const other = id === 'theirs' ? 'nobody' : stranger(id)
        const [found, none] = [
          await client(method, path(id), body?.(id)),
          await client(method, path(other), body?.(other)),
        ]
        // An event that was taken has an id of its own.
        const text = (answer: typeof found, own: string) =>
          JSON.stringify(answer.body)
            .replaceAll(own, '')
            .replaceAll(/evt_\w+/g, '')
        const same = text(found, id) === text(none, other)
        if (found.status !== none.status || !same) wrong.push(`${method} ${path(id)}: ${found.status} ${none.status}`)
      }
    }
    expect(wrong).toEqual([])
  })

  test('is 404 in the API, word for word as what nobody has', async () => {
    const client = await app.client('mine')
    const wrong: string[] = []
    const list = routes.filter(
      ({ path, rule }) => /^\/api\/v1\/.*\/:id/.test(path) && !/^(network|users|privacy):/.test(rule),
    )
    expect(list.length).toBeGreaterThan(10)
    for (const { method, path } of list) {
      const id = theirs[kindOf(path)] ?? ''
      const body = method === 'GET' || method === 'DELETE' ? undefined : bodyFor(path)
      const [found, none] = [
        await client(method, path.replace('/api/v1', '').replace(':id', id), body),
        await client(method, path.replace('/api/v1', '').replace(':id', stranger(id)), body),
      ]
      // Deleting a REST hook that is gone is what a builder wants: 204 for what nobody has, and for another's, all the same.
      const status = method === 'DELETE' && path.endsWith('/hooks/:id') ? 204 : 404
      const same = JSON.stringify(found.body) === JSON.stringify(none.body)
      if (found.status !== status || none.status !== status || !same)
        wrong.push(`${method} ${path}: ${found.status} ${none.status}`)
    }
    expect(wrong).toEqual([])
  })

  test('is no more than what nobody has in the place of another site, on every route of its admin', async () => {
    const wrong: string[] = []
    for (const { method, path } of inSite) {
      const whole = (slug: string) => filled(path.replace(':id', theirs[kindOf(path)] ?? 'none'), slug)
      const [found, none] = [
        await ask('site_admin', method, whole('theirs')),
        await ask('site_admin', method, whole('nobody')),
      ]
      const same = found.html.replaceAll('theirs', 'nobody') === none.html
      // What is open to everybody asks nobody who they are.
      if (found.status !== none.status || !same || found.status === 200)
        wrong.push(`${method} ${path}: ${found.status}`)
    }
    expect(wrong).toEqual([])
  })

  test.each(['none', 'theirs'])('is 404 below a bin of the own site: a capture of %s', async (whose) => {
    const mine = await furnish(app, (await siteOf('mine')).id)
    const capture = whose === 'none' ? stranger(theirs['captures'] ?? '') : (theirs['captures'] ?? '')
    for (const { method, path } of inSite.filter((route) => route.path.includes(':capture'))) {
      const at = filled(path.replace(':id', mine['bins'] ?? '').replace(':capture', capture), 'mine')
      expect((await ask('site_admin', method, at)).status, path).toBe(404)
    }
    // A field of a form names it as well.
    const bin = `/sites/mine/admin/bins/${mine['bins']}`
    expect((await ask('site_admin', 'GET', `${bin}?capture=${capture}`)).html).not.toContain(capture)
  })

  test('is as good as not there where a form or a filter names it', async () => {
    const mine = await furnish(app, (await siteOf('mine')).id)
    const admin = people['site_admin'] ?? app.stranger
    const base = '/sites/mine/admin'
    const lists = ['webhooks', 'deliveries', 'events', 'bins', 'sources', 'api-keys']
    const fields = ['webhook', 'event', 'site', 'q', 'source', 'before', 'after']
    const wrong: string[] = []
    const compare = async (
      name: string,
      send: (id: string) => Promise<{ status: number; html: string; location: string }>,
    ) => {
      for (const id of Object.values(theirs)) {
        const [found, none] = [await send(id), await send(stranger(id))]
        const text = ({ status, html, location }: typeof found, own: string) =>
          `${status} ${location} ${html}`.replaceAll(own, '').replaceAll(/name="once" value="\w+"/g, '')
        if (text(found, id) !== text(none, stranger(id))) wrong.push(`${name} ${id}: ${found.status} ${none.status}`)
      }
    }
    for (const list of lists)
      for (const field of fields)
        await compare(`${list}?${field}`, (id) => admin.get(`${base}/${list}?${new URLSearchParams({ [field]: id })}`))
    const forms: [path: string, fields: (id: string) => Record<string, string>][] = [
      ['/webhooks', (id) => ({ action: 'delete', sure: '1', ids: id })],
      ['/webhooks', (id) => ({ action: 'retire', id })],
      ['/sources', (id) => ({ action: 'delete', sure: '1', ids: id })],
      ['/sources', (id) => ({ action: 'retire', id })],
      ['/bins/bulk', (id) => ({ action: 'delete', sure: '1', ids: id })],
      ['/api-keys/bulk', (id) => ({ action: 'revoke', sure: '1', ids: id })],
      ['/deliveries', (id) => ({ action: 'redeliver', id })],
      [`/events/${mine['events']}/deliver`, (id) => ({ webhook: id })],
      [`/bins/${mine['bins']}`, (id) => ({ name: 'Bin', kind: 'ok', figure: '0', webhook: id })],
    ]
    for (const [path, fieldsOf] of forms) {
      await compare(path, async (id) => {
        const answer = await admin.post(base + path, fieldsOf(id))
        // Its notice is for the next page, which is not the one that is compared.
        await admin.get(base)
        return answer
      })
    }
    expect(wrong).toEqual([])
  })

  test('is untouched after all that', async () => {
    const { q } = app.deps.db
    const webhook = await q
      .selectFrom('webhook')
      .select(['state', 'revision'])
      .where('id', '=', theirs['webhooks'] ?? '')
      .executeTakeFirst()
    expect(webhook).toEqual({ state: 'active', revision: 1 })
    for (const table of ['bin', 'source', 'redelivery', 'delivery', 'event'] as const) {
      const id =
        theirs[
          { bin: 'bins', source: 'sources', redelivery: 'redeliveries', delivery: 'deliveries', event: 'events' }[table]
        ]
      expect(
        await q
          .selectFrom(table)
          .select('id')
          .where('id', '=', id ?? '')
          .execute(),
      ).toHaveLength(1)
    }
    const key = await q
      .selectFrom('api_key')
      .select('revoked_at')
      .where('id', '=', theirs['api-keys'] ?? '')
      .executeTakeFirst()
    expect(key?.revoked_at).toBeNull()
  })
})

/** What a route takes, where it would else refuse the body before it looks for the thing. */
const bodyFor = (path: string): object =>
  path.endsWith('/events/:id/deliver')
    ? { webhook: theirs['webhooks'] }
    : path.endsWith('/webhooks/:id/redeliver')
      ? { since: '2026-01-01T00:00:00Z', state: 'failed' }
      : {}
