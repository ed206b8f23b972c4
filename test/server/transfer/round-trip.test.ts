import { expect, test, vi } from 'vitest'
import { z } from 'zod'
import { definePlugin } from '../../../server/plugin/define.ts'
import { capabilities, type Actor } from '../../../server/lib/actor.ts'
import { addSource } from '../../../server/sources/lifecycle.ts'
import { newId } from '../../../server/lib/ids.ts'
import { exportSetUp } from '../../../server/transfer/export.ts'
import { parseSetUp } from '../../../server/transfer/file.ts'
import { openSetUp, planImport, runImport } from '../../../server/transfer/import.ts'
import { openSecrets } from '../../../server/transfer/sealed-secrets.ts'
import { testApp, type TestApp } from '../../support/app.ts'

vi.setConfig({ testTimeout: 30_000 })

const PASSPHRASE = 'four horses and a battery'
const shop = definePlugin(
  {
    slug: 'shop',
    title: 'Shop',
    description: 'A shop.',
    version: '1.0.0',
    requires: { host: '^1.0' },
    scope: 'site',
    settings: z.object({
      currency: z.enum(['SEK', 'EUR']).default('SEK').meta({ title: 'Currency' }),
      api_key: z.string().max(100).default('').meta({ title: 'Key', secret: true }),
    }),
  },
  () => {},
)

const actor: Actor = {
  kind: 'user',
  id: 'usr_test',
  name: 'Ingrid Nord',
  owner: 'network',
  capabilities: new Set(capabilities),
  address: '192.0.2.7',
}

const SECRETS = [
  'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  'sesame-open',
  'tok-1234567890',
  'header-value-1',
  'shop-network-key',
  'shop-site-key',
  'whsec_stripesecret',
]

async function network(): Promise<TestApp> {
  const app = await testApp({ plugins: [shop] })
  const { deps } = app
  const north = await app.site('north')
  const url = 'https://hooks.example.com/orders'
  const [signing = '', password = '', token = '', header = '', ofNetwork = '', ofSite = '', stripe = ''] = SECRETS
  await app.webhook({
    name: 'Signed',
    url,
    auth: 'signature',
    signing: { scheme: 'v1', extra: ['github'] },
    secret: signing,
  })
  await app.webhook({ name: 'Basic', url: `${url}?a=1`, auth: 'basic', username: 'anna', password, active: false })
  await app.webhook({ name: 'Bearer', url, auth: 'bearer', token, headers: [['X-Team', header]] }, north)
  await app.webhook({
    name: 'Pair',
    url,
    auth: 'signature',
    signing: { scheme: 'v1a', extra: [] },
    sites: [north],
    allEvents: true,
    events: [],
  })
  await app.webhook({
    name: 'Easy',
    url,
    condition: { path: 'payment_currency', equals: 'SEK' } as never,
    ordered: true,
    ratePerSecond: 3,
  })
  const { host, db } = deps
  await db.commit(await host.activate('shop', north))
  await db.commit((await host.changeSettings('shop', null, { currency: 'EUR', api_key: ofNetwork })).statements)
  await db.commit((await host.changeSettings('shop', north, { api_key: ofSite })).statements)
  await addSource(deps, actor, {
    id: newId('src', deps),
    kind: 'stripe',
    site: north,
    name: 'Our Stripe',
    secret: stripe,
    settings: host.sourceSettings('stripe', {}),
    mapping: null,
  })
  await app.login('super_admin')
  await app.login('integration_admin')
  await app.login('site_admin', 'north')
  return app
}

const bytesOf = (text: string) => new TextEncoder().encode(text)

const without = (text: string) => {
  const { secrets: _secrets, ...rest } = JSON.parse(text) as Record<string, unknown>
  return rest
}

test('what was exported with its secrets is the same network after the import', async () => {
  const one = await network()
  const two = await testApp({ plugins: [shop] })
  const text = await exportSetUp(one.deps, actor, PASSPHRASE)
  const wanted = await openSetUp(two.deps, parseSetUp(bytesOf(text)), PASSPHRASE, 'change')
  const plan = await planImport(two.deps, actor, wanted)
  expect(plan.items.filter(({ outcome }) => outcome === 'refuse')).toEqual([])
  await runImport(two.deps, actor, wanted, { leaveOut: false })

  const again = await exportSetUp(two.deps, actor, PASSPHRASE)
  expect(without(again)).toEqual(without(text))
  const sealed = parseSetUp(bytesOf(again)).secrets
  expect(sealed && (await openSecrets(two.deps, sealed, PASSPHRASE))).toEqual(wanted.secrets)
  expect((await planImport(two.deps, actor, wanted)).items.filter(({ outcome }) => outcome !== 'same')).toEqual([])
})

test('a file without secrets holds none of them', async () => {
  const app = await network()
  const text = await exportSetUp(app.deps, actor, null)
  for (const secret of SECRETS) expect(text).not.toContain(secret)
})
