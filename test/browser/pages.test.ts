import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { newId } from '../../server/lib/ids.ts'
import { readSetUp } from '../../server/transfer/file.ts'
import { openSetUp } from '../../server/transfer/import.ts'
import { keepFile } from '../../server/transfer/kept-file.ts'
import { readConfig } from '../../server/config.ts'
import { goOn, startSearch } from '../../server/privacy/request.ts'
import { binUrl } from '../../server/webhooks/bins/address.ts'
import { makeBin } from '../../server/webhooks/bins/make.ts'
import { start, type Running } from '../../server/node/start.ts'
import { locales } from '../../server/web/i18n.ts'
import { axe, faultsOf, openBrowser, openPage, overflow, type View } from '../support/browser.ts'
import { temporaryFolders } from '../support/folder.ts'
import { quiet } from '../support/log.ts'
import { startReceiver, type Receiver } from '../support/receiver.ts'

const folder = temporaryFolders()
const EMAIL = 'ingrid@nordlys.example'
const PASSWORD = 'correct horse battery'
const KEY = 'hk_pages_key_with_32_characters_or_more_01'
/** What must never run, put wherever a stranger's text is shown. */
const HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(2)>'

let browser: Browser
let server: Running
let receiver: Receiver
let paths: string[]

beforeAll(async () => {
  browser = await openBrowser()
  receiver = await startReceiver({ answer: (_, n) => ({ status: n % 3 === 0 ? 503 : 200, body: HOSTILE }) })
  const env = { SETUP_EMAIL: EMAIL, SETUP_PASSWORD: PASSWORD, SETUP_API_KEY: KEY, OUTBOUND_ALLOW: '127.0.0.0/8' }
  server = await start(readConfig({ PORT: '0', DATA_DIR: folder(), ...env }), { log: quiet })
  paths = await furnish()
})
afterAll(async () => {
  await browser.close()
  await server.stop()
  await receiver.stop()
})

/** Something of everything, so that no page is empty; gives the path of every page. */
async function furnish(): Promise<string[]> {
  const api = async (method: string, path: string, body?: unknown) => {
    const response = await fetch(`${server.url}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    return (await response.json()) as Record<string, unknown>
  }
  await api('POST', '/sites', { slug: 'kafe', name: 'Kafé Fjord' })
  const webhook = await api('POST', '/webhooks', {
    name: `Payments ${HOSTILE}`,
    description: 'Books each payment.',
    url: `${receiver.url}/in?x=<script>`,
    events: ['payment_received', 'payment_failed'],
    auth: { type: 'signature' },
    retry_schedule: [3600],
  })
  const source = await api('POST', '/sources', {
    kind: 'generic',
    name: `Desk ${HOSTILE}`,
    mapping: { event: 'generic.request_received', fields: { body: { from: '.' } } },
  })
  for (const body of ['{"no":1}', HOSTILE]) {
    await fetch(String(source.url), { method: 'POST', body })
    await fetch(`${String(source.url)}x`, { method: 'POST', body })
  }
  const sample = ((await api('GET', '/event-types/payment_received/sample')) as unknown as Record<string, unknown>[])[0]
  for (let n = 0; n < 4; n++) {
    await api('POST', '/events', {
      type: 'payment_received',
      data: { ...sample, payment_id: newId('rec', server.deps), customer_name: HOSTILE },
    })
  }
  await receiver.waitFor(4)
  await server.dispatcher.drain(Date.now() + 5000)
  const { data } = (await api('GET', '/deliveries')) as { data: { id: string; event: string; state: string }[] }
  const one = data.find(({ state }) => state === 'retrying') ?? data[0]
  const audit = await server.deps.db.q.selectFrom('audit').select('id').orderBy('seq', 'desc').executeTakeFirst()
  const draft = { name: `Bin ${HOSTILE}`, answer: { kind: 'ok', figure: 0 }, webhookId: null } as const
  const key = await server.deps.db.q.selectFrom('api_key').select('id').executeTakeFirstOrThrow()
  const bin = await makeBin(server.deps, draft, { owner: 'network', by: 'usr_test' }, () => [])
  const lure = { method: 'PUT', body: HOSTILE, headers: { 'x-note': HOSTILE, authorization: 'Bearer secret' } }
  await fetch(`${binUrl(server.url, bin.token)}?q=${encodeURIComponent(HOSTILE)}`, lure)
  const searcher = { id: 'usr_test', name: 'Ingrid Nord', address: '192.0.2.7' }
  const searched = await startSearch(server.deps, searcher, 'mary@example.com')
  await goOn(server.deps, 10_000)
  const users = await server.deps.db.q.selectFrom('user').select('id').execute()
  const setUp = readSetUp({
    hookline: 'set-up',
    version: 1,
    network: { network_name: `Nordlys ${HOSTILE}` },
    sites: [{ slug: 'bergen', name: `Bergen ${HOSTILE}` }],
    plugins: [{ slug: HOSTILE, active: true }],
    webhooks: [{ owner: 'bergen', name: HOSTILE, url: 'http://10.0.0.1/', events: [HOSTILE] }],
  })
  const file = await keepFile(server.deps, users[0] ?? { id: '' }, await openSetUp(server.deps, setUp, '', 'change'))
  const scoped = (base: string) => [
    base,
    `${base}/webhooks`,
    `${base}/webhooks/new`,
    `${base}/deliveries`,
    `${base}/events`,
    `${base}/bins`,
    `${base}/event-types`,
    `${base}/sources`,
    `${base}/sources/new`,
    `${base}/sources/new?kind=generic`,
    `${base}/event-types/payment_received`,
    `${base}/plugins/payments/payments`,
    `${base}/plugins/example/greetings`,
  ]
  return [
    ...scoped('/network'),
    `/network/webhooks/${String(webhook.id)}`,
    `/network/webhooks/${String(webhook.id)}/delete`,
    `/network/deliveries/${one?.id ?? ''}`,
    `/network/events/${one?.event ?? ''}`,
    `/network/sources/${String(source.id)}`,
    `/network/sources/${String(source.id)}/delete`,
    `/network/bins/${bin.id}`,
    `/network/bins/${bin.id}/clear`,
    `/network/bins/${bin.id}/delete`,
    '/network/users',
    '/network/users/new',
    `/network/users/${users[0]?.id ?? ''}`,
    '/network/api-keys',
    '/api/docs',
    '/api/docs/webhooks',
    '/network/api-keys/new',
    `/network/api-keys/${key.id}/rotate`,
    `/network/api-keys/${key.id}/revoke`,
    '/network/plugins',
    '/network/plugins/example',
    '/network/plugins/payments',
    '/network/plugins/example/uninstall',
    '/network/plugins/example/pause',
    '/sites/kafe/admin/plugins',
    '/sites/kafe/admin/plugins/example',
    '/network/hooks',
    '/network/health',
    '/network/export',
    '/network/import',
    `/network/import/${file}`,
    '/network/settings',
    '/network/audit',
    '/network/audit?q=nothing',
    `/network/audit/${audit?.id ?? ''}`,
    '/network/privacy',
    `/network/privacy/${searched}`,
    '/network/sites',
    '/network/sites/new',
    '/network/sites/kafe',
    '/network/sites/kafe/delete',
    '/sites/kafe/admin/api-keys',
    '/sites/kafe/admin/api-keys/new',
    '/network/styleguide',
    '/account',
    '/network/nothing-here',
    ...scoped('/sites/kafe/admin'),
  ]
}

async function logIn(view: View): Promise<Page> {
  const page = await openPage(browser, view)
  await page.goto(`${server.url}/login`)
  await page.locator('[name=email]').fill(EMAIL)
  await page.locator('[name=password]').fill(PASSWORD)
  await page.locator('button.primary').click()
  await page.waitForURL(`${server.url}/network`)
  return page
}

const combinations: View[] = locales.flatMap((locale) =>
  (['light', 'dark'] as const).flatMap((scheme) => [1280, 360].map((width) => ({ width, scheme, locale }))),
)
// Each pair of values of two of these stands in one of the views.
const pairs: View[] = [
  { width: 1280, scheme: 'light', locale: 'en' },
  { width: 360, scheme: 'dark', locale: 'sv' },
  { width: 1280, scheme: 'dark', locale: 'es' },
  { width: 360, scheme: 'light', locale: 'nl' },
  { width: 640, scheme: 'light', locale: 'nb' },
]
const views = process.env['ALL_VIEWS'] === '1' ? combinations : pairs

describe.each(views)('at $width pixels, $scheme, in $locale', (view) => {
  test('every page is accessible, fits, and runs nothing that is not ours', async () => {
    const page = await logIn(view)
    const faults = faultsOf(page)
    page.on('dialog', (dialog) => {
      faults.push(`a dialog: ${dialog.message()}`)
      void dialog.dismiss()
    })
    const found: string[] = []
    for (const path of paths) {
      const response = await page.goto(server.url + path)
      const html = (await response?.text()) ?? ''
      found.push(...inline(html).map((fault) => `${path}: ${fault}`))
      found.push(...(await axe(page)).map((fault) => `${path}: ${fault}`))
      const wider = await overflow(page)
      if (wider > 0) found.push(`${path}: ${wider} pixels too wide`)
      if (html.length > 100_000) found.push(`${path}: ${html.length} bytes`)
    }
    expect(found).toEqual([])
    expect(faults.filter((fault) => !fault.includes('404'))).toEqual([])
    await page.context().close()
  }, 180_000)
})

/** What the policy forbids and a page must not even try: inline styles, handlers and scripts. */
function inline(html: string): string[] {
  const tags = html.match(/<[a-z][^>]*>/gi) ?? []
  return tags.filter(
    (tag) =>
      /\s(style|on[a-z]+)\s*=/i.test(tag.replaceAll(/"[^"]*"/g, '""')) ||
      /^<script(?![^>]*\ssrc=)/i.test(tag) ||
      /"javascript:/i.test(tag),
  )
}
