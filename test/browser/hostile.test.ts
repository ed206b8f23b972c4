import type { APIResponse, Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readNetworkSettings } from '../../server/access/network-settings.ts'
import { readConfig } from '../../server/config.ts'
import { newId } from '../../server/lib/ids.ts'
import { start, type Running } from '../../server/node/start.ts'
import { faultsOf, openBrowser, openPage, overflow } from '../support/browser.ts'
import { temporaryFolders } from '../support/folder.ts'
import { hostile, twisted } from '../support/hostile.ts'
import { quiet } from '../support/log.ts'
import { startReceiver, type Receiver } from '../support/receiver.ts'

const folder = temporaryFolders()
const EMAIL = 'ingrid@nordlys.example'
const PASSWORD = 'correct horse battery'
const KEY = 'hk_hostile_key_with_32_characters_or_more'
/** So many objects of each kind carry the texts. */
const OBJECTS = 6
/** What receivers say they answer with. */
const TYPES = ['text/html', 'application/json', 'image/svg+xml', 'text/plain', 'application/xhtml+xml', '<script>']

const LISTS = [
  '',
  '/webhooks',
  '/deliveries',
  '/events',
  '/sources',
  '/bins',
  '/sites',
  '/users',
  '/api-keys',
  '/audit',
  '/hooks',
  '/health',
]

const all = [...hostile, ...twisted]
/** The share of object `n`; together the objects carry every text. */
const shareOf = (texts: readonly string[], n: number): string[] => texts.filter((_, i) => i % OBJECTS === n)
const bodyOf = (n: number): string => shareOf(all, n).join('\n')
/** A header takes visible ASCII only. */
const headerOf = (n: number): string => shareOf(hostile, n).find((text) => /^[\x20-\x7e]+$/.test(text)) ?? ''

let browser: Browser
let server: Running
let receiver: Receiver

beforeAll(async () => {
  browser = await openBrowser()
  receiver = await startReceiver({
    answer: (_, n) => ({
      status: n % 2 === 0 ? 200 : 400,
      headers: { 'content-type': TYPES[n % OBJECTS] ?? '', 'x-note': headerOf(n % OBJECTS) },
      body: bodyOf(n % OBJECTS),
    }),
  })
  const env = { SETUP_EMAIL: EMAIL, SETUP_PASSWORD: PASSWORD, SETUP_API_KEY: KEY, OUTBOUND_ALLOW: '127.0.0.0/8' }
  server = await start(readConfig({ PORT: '0', DATA_DIR: folder(), ...env }), { log: quiet })
})
afterAll(async () => {
  await browser.close()
  await server.stop()
  await receiver.stop()
})

test('no text of a stranger runs, leads away or breaks a page, wherever it is shown', async () => {
  const page = await logIn()
  const faults = faultsOf(page)
  page.on('dialog', (dialog) => {
    faults.push(`a dialog: ${dialog.message()}`)
    void dialog.dismiss()
  })
  page.on('request', (request) => {
    if (!request.url().startsWith(server.url)) faults.push(`asked for ${request.url()}`)
  })
  const { paths, bins } = await furnish(page)

  const found: string[] = []
  for (const path of paths) {
    await page.goto(server.url + path)
    found.push(...(await wrongWith(page)).map((fault) => `${path}: ${fault}`))
  }
  for (const [n, bin] of bins.entries()) {
    const answer = await page.goto(`${bin}?q=${encodeURIComponent(bodyOf(n))}`)
    expect(answer?.headers()['content-type']).toBe('text/plain; charset=utf-8')
    expect(await page.locator('body').innerText()).not.toContain('<')
  }
  expect(found).toEqual([])
  expect(faults.filter((fault) => !/status of 4\d\d/.test(fault))).toEqual([])

  // Nothing was left out on the way: what was sent and answered is all there to be read.
  const shown = await Promise.all(paths.filter((path) => path.includes('/deliveries/')).map(textAt))
  expect(hostile.filter((text) => !shown.some((html) => html.includes(escaped(text))))).toEqual([])
  await page.context().close()

  async function textAt(path: string): Promise<string> {
    return (await page.request.get(server.url + path)).text()
  }
}, 180_000)

/** As a template writes it. */
const escaped = (text: string): string =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;')

/** Elements that none of our pages has, links to anything but pages, and what is wider than the window. */
async function wrongWith(page: Page): Promise<string[]> {
  const found = await page.evaluate(() => {
    const strange = document.querySelectorAll(
      'iframe, object, embed, base, meta[http-equiv], main style, main link, main script:not([src]), main img:not([src^="/assets/"])',
    )
    const links = [...document.querySelectorAll('[href], [src], [action], [formaction]')].filter((element) =>
      ['href', 'src', 'action', 'formaction'].some((name) =>
        /^\s*(javascript|data|vbscript|blob):|evil\.invalid/i.test(element.getAttribute(name) ?? ''),
      ),
    )
    return [...strange, ...links].map((element) => element.outerHTML.slice(0, 200))
  })
  for (const width of [360, 1280]) {
    await page.setViewportSize({ width, height: 900 })
    const wider = await overflow(page)
    if (wider > 0) found.push(`${wider} pixels too wide at ${width}`)
  }
  return found
}

async function logIn(): Promise<Page> {
  const page = await openPage(browser)
  // An address to go on to that is not ours is not gone to.
  await page.goto(`${server.url}/login?next=${encodeURIComponent('javascript:alert(28)')}`)
  await page.locator('[name=email]').fill(EMAIL)
  await page.locator('[name=password]').fill(PASSWORD)
  await page.locator('button.primary').click()
  await page.waitForURL(`${server.url}/network`)
  return page
}

async function api(method: string, path: string, body?: unknown): Promise<Record<string, unknown>> {
  const response = await fetch(`${server.url}/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const answer = (await response.json()) as Record<string, unknown>
  if (!response.ok) throw new Error(`${method} ${path}: ${JSON.stringify(answer)}`)
  return answer
}

/** The texts in every field that keeps one; gives the paths of the pages that show them, and the addresses of bins. */
async function furnish(page: Page): Promise<{ paths: string[]; bins: string[] }> {
  const post = async (path: string, form: Record<string, string>): Promise<APIResponse> => {
    const answer = await page.request.post(server.url + path, {
      form,
      headers: { origin: server.url },
      maxRedirects: 0,
    })
    if (![201, 303].includes(answer.status())) throw new Error(`${path}: ${answer.status()}`)
    return answer
  }
  const paths: string[] = []
  const bins: string[] = []
  const sample = ((await api('GET', '/event-types/payment_received/sample')) as unknown as object[])[0]

  for (const [n, name] of hostile.entries()) {
    const { deps } = server
    await post('/network/api-keys', { name, scopes: 'events:read', site: '', lifetime: '' })
    await post('/network/users', {
      name,
      email: `u${n}@nordlys.example`,
      entry: 'link',
      role: 'viewer',
      id: newId('usr', deps),
    })
  }
  for (let n = 0; n < OBJECTS; n++) {
    const texts = shareOf(hostile, n)
    const [one = '', two = '', three = '', four = ''] = texts
    await api('POST', '/sites', { slug: `site-${n}`, name: one })
    for (const [i, name] of texts.entries()) {
      await api('POST', '/webhooks', {
        name,
        description: texts.at(i - 1)?.slice(0, 140),
        url: `${receiver.url}/${encodeURIComponent(two)}?x=${encodeURIComponent(three)}`,
        events: [i === 0 ? 'payment_received' : 'payment_failed'],
        headers: { 'X-Note': headerOf(n), '|~!': headerOf(n) },
        condition: {
          or: [
            { path: 'customer_name', not: name },
            { path: `more.${i}`, equals: four },
          ],
        },
        auth: { type: 'basic', username: name.replaceAll(':', ''), password: name },
        retry_schedule: [],
      })
    }
    const source = await api('POST', '/sources', {
      kind: 'generic',
      name: two,
      secret: three,
      mapping: { event: 'generic.request_received', fields: { body: { from: '.' } } },
    })
    for (const body of [bodyOf(n), JSON.stringify({ [one]: all })])
      await fetch(String(source.url), { method: 'POST', headers: { 'user-agent': headerOf(n) }, body })
    const bin = await api('POST', '/bins', { name: three, answer: { kind: n % 2 === 0 ? 'ok' : 'gone' } })
    const [type = ''] = TYPES.slice(n)
    await fetch(`${String(bin.url)}?${encodeURIComponent(two)}=<script>alert(1)</script>&${one.replaceAll('#', '')}`, {
      method: 'PUT',
      headers: {
        'content-type': type,
        'x-note': headerOf(n),
        'user-agent': headerOf(n),
        referer: 'javascript:alert(1)',
      },
      body: bodyOf(n),
    })
    bins.push(String(bin.url))
    const more = shareOf(all, n)
    await api('POST', '/events', {
      type: 'payment_received',
      data: {
        ...sample,
        customer_name: one,
        more,
        ...Object.fromEntries(more.map((text) => [text, { [text]: text }])),
      },
    })
    const payment = { customer_email: '', amount: '12,00', currency: 'SEK', gateway: 'manual', outcome: 'failed' }
    await post('/network/plugins/payments/payments', { ...payment, once: `once-${n}`, customer_name: one })
    await post('/network/plugins/example/greet', { name: four })
    paths.push(
      `/network/sites/site-${n}`,
      `/network/sites/site-${n}/delete`,
      `/sites/site-${n}/admin`,
      `/network/sources/${String(source.id)}`,
      `/network/sources/${String(source.id)}/delete`,
      `/network/bins/${String(bin.id)}`,
      `/network/bins/${String(bin.id)}/delete`,
    )
  }
  const { values, revision } = await readNetworkSettings(server.deps.db)
  const settings = { ...values, revision, network_name: hostile[1] ?? '' }
  await post('/network/settings', settings)
  await post('/account', { name: hostile[0] ?? '', language: '', time_zone: '' })
  await receiver.waitFor(OBJECTS)
  await server.dispatcher.drain(Date.now() + 5000)

  const { db } = server.deps
  const idsOf = async (table: 'delivery' | 'event' | 'audit' | 'user' | 'webhook') =>
    (await db.q.selectFrom(table).select('id').execute()).map(({ id }) => id)
  const typed = encodeURIComponent(bodyOf(0))
  return {
    bins,
    paths: [
      ...paths,
      ...LISTS.flatMap((list) => [
        `/network${list}`,
        `/network${list}?q=${typed}&state=${typed}&after=${typed}&error=${typed}`,
      ]),
      ...(await idsOf('webhook')).map((id) => `/network/webhooks/${id}`),
      ...(await idsOf('delivery')).map((id) => `/network/deliveries/${id}`),
      ...(await idsOf('event')).map((id) => `/network/events/${id}`),
      ...(await idsOf('audit')).slice(-OBJECTS).map((id) => `/network/audit/${id}`),
      `/network/users/${(await idsOf('user')).at(-1) ?? ''}`,
      '/network/webhooks/new',
      '/network/api-keys/new',
      '/network/plugins/payments/payments',
      '/network/plugins/example/greetings',
      '/network/settings',
      '/account',
      `/network/${typed}`,
      `/login?next=${typed}`,
    ],
  }
}
