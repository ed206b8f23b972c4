import { describe, expect, test, vi } from 'vitest'
import { definePlugin, type Manifest } from 'hookline/plugin'
import { testApp } from '../../support/app.ts'
import { wordsOf } from '../../support/form.ts'

// Three people log in, each with a password that takes its time.
vi.setConfig({ testTimeout: 20_000 })

const base = {
  slug: 'till',
  version: '1.0.0',
  title: 'Till',
  requires: { host: '^1.0' },
  scope: 'site',
  defaultActive: true,
} as const
const till = definePlugin(
  {
    ...base,
    capabilities: [
      { name: 'refund', title: 'Refund sales', roles: ['site_admin'] },
      { name: 'close', title: 'Close the till' },
    ],
  },
  ({ route }) => {
    const done = () => new Response(null, { status: 204 })
    route('POST /refund', done, { rule: 'refund' })
    route('POST /close', (_request, { actor }) => Response.json([actor?.may('refund'), actor?.may('close')]), {
      rule: 'close',
    })
    route('POST /ask', (_request, { actor }) => Response.json([actor?.may('refund'), actor?.may('close')]), {
      rule: 'webhooks:read',
    })
  },
)

test('opens a route to the roles that have it, to a site admin on the own site alone, and to super admins', async () => {
  const app = await testApp({ plugins: [till] })
  await app.site('kafe')
  await app.site('kurs')
  const [root, siteAdmin, viewer] = [
    await app.login(),
    await app.login('site_admin', 'kafe'),
    await app.login('viewer'),
  ]
  const status = async (who: typeof root, path: string) => (await who.post(path)).status
  expect(await status(root, '/network/plugins/till/refund')).toBe(204)
  expect(await status(root, '/network/plugins/till/close')).toBe(200)
  expect(await status(viewer, '/network/plugins/till/refund')).toBe(403)
  expect(await status(siteAdmin, '/sites/kafe/admin/plugins/till/refund')).toBe(204)
  expect(await status(siteAdmin, '/sites/kafe/admin/plugins/till/close')).toBe(403)
  expect(await status(siteAdmin, '/sites/kurs/admin/plugins/till/refund')).toBe(404)
  expect((await siteAdmin.post('/sites/kafe/admin/plugins/till/ask')).html).toBe('[true,false]')
  expect((await viewer.post('/network/plugins/till/ask')).html).toBe('[false,false]')
})

test('stands in the table of roles with its plugin, and on the page of the plugin', async () => {
  const app = await testApp({ plugins: [till] })
  const admin = await app.login()
  const table = wordsOf((await admin.get('/network/users/roles')).html)
  expect(table).toContain('Refund sales Till till.refund Yes No Yes No')
  expect(table).toContain('Close the till Till till.close Yes No No No')
  expect(wordsOf((await admin.get('/network/plugins/till')).html)).toContain('Capabilities till.refund , till.close')
})

test('is gone with its plugin, and is none of the scopes of a key', async () => {
  const app = await testApp()
  const admin = await app.login()
  expect((await admin.get('/network/users/roles')).html).not.toContain('till.refund')
  expect((await admin.post('/network/plugins/till/refund')).status).toBe(404)
  expect((await admin.get('/network/api-keys/new')).html).not.toContain('example.greet')
})

test('opens nothing while its plugin is not active', async () => {
  const app = await testApp({ plugins: [till] })
  const admin = await app.login()
  await admin.post('/network/plugins/till/deactivate')
  expect((await admin.post('/network/plugins/till/refund')).status).toBe(404)
})

describe('a manifest', () => {
  const stateOf = async (capabilities: unknown, rule = 'refund') => {
    const manifest = { ...base, capabilities } as unknown as Manifest
    const plugin = definePlugin(manifest, ({ route }) =>
      route('POST /refund', () => new Response(), { rule: rule as 'webhooks:read' }),
    )
    const app = await testApp({ plugins: [plugin] })
    const found = (await app.deps.host.plugins()).find(({ slug }) => slug === 'till')
    return found?.state === 'failed' ? JSON.stringify(found.reason) : found?.state
  }
  const one = { name: 'refund', title: 'Refund sales' }

  test.each([
    [[one], 'refund', 'active'],
    [[{ ...one, name: 'Re Fund' }], 'refund', 'lower-case letters'],
    [[one, one], 'refund', 'names one of them twice'],
    [[{ ...one, roles: ['emperor'] }], 'refund', 'capabilities.0.roles.0'],
    [[one], 'till.refund', 'is no capability of the host'],
    [[], 'refund', 'is no capability of the host'],
  ])('with %j and the rule %s is %s', async (capabilities, rule, expected) => {
    expect(await stateOf(capabilities, rule)).toContain(expected)
  })
})
