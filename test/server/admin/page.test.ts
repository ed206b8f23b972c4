import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { insertSite } from '../../../db/queries/sites.ts'
import { page, plainPage } from '../../../server/admin/page.ts'
import { contrasts, coloursOf } from '../../../server/admin/palette.ts'
import { styleguideRoutes } from '../../../server/admin/styleguide.ts'
import type { Handlers } from '../../../server/api/handlers.ts'
import type { Deps } from '../../../server/deps.ts'
import { AppError, fail } from '../../../server/lib/errors.ts'
import { msg } from '../../../server/lib/message.ts'
import type { Scope } from '../../../server/web/env.ts'
import { faultsNotice } from '../../../server/admin/page.ts'
import { seeOther } from '../../../server/web/flash.ts'
import { assets } from '../../../views/assets.gen.ts'
import { anActor, framed, type Frame } from '../../support/framed.ts'
import { openWorld, type World } from '../../support/people.ts'

const KAFE: Scope = {
  base: '/sites/kafe/admin',
  owner: 'sit_kafe',
  site: { id: 'sit_kafe', slug: 'kafe', name: 'Kafé' },
}
const ERROR = { way: { href: '/', text: 'Back' }, heading: null, detail: 'It is here.', errors: [] }

let world: World
let deps: Deps

beforeAll(async () => {
  world = await openWorld({ LOG_LEVEL: 'error' })
  deps = { ...world, log: { debug() {}, info() {}, warn() {}, error() {} }, dispatcher: () => 'on' }
  await world.db.commit([insertSite(world.db, { id: 'sit_kafe', slug: 'kafe', name: 'Kafé & <b>', created_at: 1 })])
})
afterAll(() => world.db.close())

/** Pages that do what a test needs, at routes that the rules know. */
const routes = (deps: Deps): Handlers => ({
  'GET {area}': (c) => page(c, deps, 'pages/error/error', { title: 'Dashboard', data: ERROR }),
  'GET {area}/webhooks': (c) =>
    page(c, deps, 'pages/error/error', {
      title: 'Webhooks <script>',
      data: ERROR,
      crumbs: [{ href: '/network', label: 'Up' }],
      notices: [faultsNotice(c.var.t, [{ path: 'auth.username', message: msg('No {what}.', { what: '<i>' }) }])],
    }),
  'POST {area}/webhooks': (c) =>
    seeOther(c, deps, c.var.scope.base, { tone: 'good', title: msg('{name} was saved.', { name: '<b>' }) }),
  'GET {area}/deliveries': () => {
    throw new Error('at db.ts:12 with secret')
  },
  'GET {area}/event-types': () => {
    throw fail('forbidden', 'Your role does not allow this.')
  },
  'GET {area}/deliveries/:id': () => {
    throw new AppError('too_many_requests', msg('Wait a little.'), [], { 'retry-after': '60' })
  },
  'GET /login': (c) =>
    plainPage(c, deps, 'pages/error/error', { title: 'Log In', data: { ...ERROR, heading: 'Log In' } }),
})

async function get(path: string, frame: Frame = {}, headers: Record<string, string> = {}) {
  const answer = await framed(deps, routes, frame).request(path, { headers: { host: 'localhost', ...headers } })
  return { status: answer.status, headers: answer.headers, html: await answer.text() }
}
const menu = (html: string): string[] =>
  Array.from(
    (/<nav class="menu"[\s\S]*?<\/nav>/.exec(html)?.[0] ?? '').matchAll(/href="([^"#]+)"/g),
    (match) => match[1] ?? '',
  ).filter((href) => !href.startsWith('/assets'))

const pluginPages = async (): Promise<string[]> =>
  (await deps.host.pages(null)).map(({ plugin, path }) => `/network/plugins/${plugin}${path}`)

describe('the menu', () => {
  test('shows a super admin all there is, with the pages of plugins', async () => {
    const { html } = await get('/network')
    expect(menu(html)).toEqual([
      '/network',
      '/network/webhooks',
      '/network/webhooks',
      '/network/webhooks/new',
      '/network/deliveries',
      '/network/events',
      '/network/bins',
      '/network/event-types',
      '/network/sources',
      ...(await pluginPages()),
      '/network/sites',
      '/network/users',
      '/network/api-keys',
      '/network/plugins',
      '/network/health',
      '/network/audit',
      '/network/privacy',
      '/network/export',
      '/network/settings',
    ])
  })

  test('opens a part of itself where somebody is', async () => {
    const { html } = await get('/network/sites')
    expect(menu(html)).toContain('/network/sites/new')
    expect(menu(html)).not.toContain('/network/import')
  })

  test('shows a viewer no way to what they may not do', async () => {
    const { html } = await get('/network', { actor: anActor(['webhooks:read', 'deliveries:read', 'events:read']) })
    expect(menu(html)).toEqual([
      '/network',
      '/network/webhooks',
      '/network/webhooks',
      '/network/deliveries',
      '/network/events',
      '/network/bins',
      '/network/event-types',
      '/network/sources',
      ...(await pluginPages()),
    ])
    expect(html).not.toContain('/webhooks/new')
  })

  test('stays inside the site of a site admin, who has nowhere else to go', async () => {
    const { html } = await get('/sites/kafe/admin', { actor: anActor(undefined, 'sit_kafe'), scope: KAFE })
    expect(menu(html).every((href) => href.startsWith('/sites/kafe/admin'))).toBe(true)
    expect(html).not.toContain('href="/network"')
    expect(html).toContain('<title>Dashboard – Kafé – Hookline</title>')
  })

  test('marks where one is', async () => {
    const { html } = await get('/network/webhooks')
    expect(html).toMatch(/href="\/network\/webhooks" aria-current="true"/)
    expect(html).toMatch(/href="\/network\/webhooks" aria-current="page">All Webhooks/)
    expect(html).not.toMatch(
      /href="\/network" aria-current="(page|true)"><svg class="icon" aria-hidden="true"><use href="[^"]+#dashboard/,
    )
  })
})

describe('the frame', () => {
  test('names in the title of the window what the page belongs to', async () => {
    const { html } = await get('/network/webhooks')
    expect(html).toContain('<title>Webhooks &lt;script&gt; – Up – Network Admin – Hookline</title>')
  })

  test('escapes what it is given', async () => {
    const { html } = await get('/network/webhooks')
    expect(html).toContain('<h1>Webhooks &lt;script&gt;</h1>')
    expect(html).toContain('Kafé &amp; &lt;b&gt;')
    expect(html).toContain('<a href="#auth-username">No &lt;i&gt;.</a>')
    expect(html).toContain('role="alert"')
  })

  test('leads to the sites of the network and out again by a form', async () => {
    const { html } = await get('/network')
    expect(html).toContain('<a href="/network" aria-current="true">Network Admin</a>')
    expect(html).toContain('href="/sites/kafe/admin"')
    expect(html).toMatch(/<form method="post" action="\/logout"><button/)
  })

  test('says whether anything is sent', async () => {
    expect((await get('/network')).html).toContain('aria-label="Sending on"')
    const off = { ...deps, config: { ...deps.config, delivery: false } }
    const answer = await framed(off, routes).request('/network', { headers: { host: 'localhost' } })
    expect(await answer.text()).toContain('aria-label="Sending off"')
  })

  test('shows a notice after a form, once and escaped', async () => {
    const saved = await framed(deps, routes).request('/network/webhooks', {
      method: 'POST',
      headers: { host: 'localhost', 'sec-fetch-site': 'same-origin' },
    })
    const cookie = saved.headers.get('set-cookie')?.split(';')[0] ?? ''
    const { html, headers } = await get(saved.headers.get('location') ?? '', {}, { cookie })
    expect(html).toMatch(/role="status">[\s\S]*<strong>&lt;b&gt; was saved\.<\/strong>/)
    expect(headers.get('set-cookie')).toContain('Max-Age=0')
  })
})

describe('an error', () => {
  test('that was expected is told in the frame, with its status and headers', async () => {
    const forbidden = await get('/network/event-types')
    expect(forbidden.status).toBe(403)
    expect(forbidden.html).toContain('<h1>Not allowed</h1>')
    expect(forbidden.html).toContain('id="menu"')
    const limited = await get('/network/deliveries/dlv_1')
    expect([limited.status, limited.headers.get('retry-after')]).toEqual([429, '60'])
    const lost = await get('/network/nothing')
    expect(lost.status).toBe(404)
    expect(lost.html).toContain('Check the address, or look for it from the dashboard.')
    expect(lost.html).toContain('<a class="button" href="/network">Back to the dashboard</a>')
  })

  test('that was a surprise tells a fault id and nothing else, without asking the database again', async () => {
    const { status, html } = await get('/network/deliveries')
    expect(status).toBe(500)
    expect(html).toMatch(/fault id: flt_[\da-z]{26}\./)
    expect(html).not.toContain('secret')
    expect(html).not.toContain('id="menu"')
  })
})

test('a page without the frame has a heading and no menu', async () => {
  const { html } = await get('/login')
  expect(html).toContain('<h1>Log In</h1>')
  expect(html).not.toContain('id="menu"')
  expect(html).toContain('<title>Log In – Hookline</title>')
})

test('every colour stands far enough from its ground, in both schemes', () => {
  const all = contrasts(coloursOf(assets['admin.css']?.text ?? ''))
  expect(all.length).toBeGreaterThan(40)
  expect(all.filter((pair) => Math.min(pair.light, pair.dark) < pair.least)).toEqual([])
})

test('the style guide is answered, whole', async () => {
  const answer = await framed(deps, styleguideRoutes).request('/network/styleguide', { headers: { host: 'localhost' } })
  expect(answer.status).toBe(200)
  expect(await answer.text()).toContain('</html>')
})
