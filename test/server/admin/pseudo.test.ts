import { beforeAll, expect, test } from 'vitest'
import { catalogs } from '../../../views/catalogs.gen.ts'
import { collectTexts } from '../../../server/node/build/texts.ts'
import { goOn, startSearch } from '../../../server/privacy/request.ts'
import { makeBin } from '../../../server/webhooks/bins/make.ts'
import { testApp } from '../../support/app.ts'
import { startReceiver } from '../../support/receiver.ts'

/** A language in which every text carries a mark: what has none on a page was never handed to `t`. */
beforeAll(() => {
  const { texts } = collectTexts(new URL('../../..', import.meta.url).pathname)
  const marked = texts.map(({ one, other }) => [one, other === null ? `⟦${one}⟧` : [`⟦${one}⟧`, `⟦${other}⟧`]] as const)
  Object.assign(catalogs, { sv: Object.fromEntries(marked) })
})

/** What is written in no language: code, times, what is English on purpose, and the choice of languages and zones. */
const ELSEWHERE = [
  /<(svg|code|pre|time|script|style)\b.*?<\/\1>/gs,
  /<(\w+)\b[^>]*\blang="\w+"[^>]*>.*?<\/\1>/gs,
  /<select [^>]*name="(?:time_zone|language|timeZone)".*?<\/select>/gs,
  /<dl class="headers">.*?<\/dl>/gs,
  /<(\w+)\b[^>]*\btranslate="no"[^>]*>.*?<\/\1>/gs,
]
/** Names that are the same everywhere, words that `Intl` chose, and what the test itself made up. */
const NAMES =
  /\b([Zz]z\w*|Main site|main|Ingrid Nord|Service Unavailable|No Content|Gone|om|minut(?:er)?|sekund(?:er)?|byte|local|Node|PHP|Python|Go|Hookline|Zapier|Make|n8n|Power Automate|Pabbly Connect|Basic|Bearer|JSON|CSV|UTC|API|GitHub|Stripe|OK|KiB|MiB|ms|HMAC|Webhooks?|POST|PUT|GET)\b/g
const IDS = /\S*(?:[@/_]|\d|\w\.\w)\S*/g

/** The words of a page that carry no mark. */
function unmarked(html: string): string[] {
  let body = html.slice(html.indexOf('<body'))
  // The page's own language stands on <html>, not in here.
  for (const pattern of ELSEWHERE) body = body.replaceAll(pattern, ' ')
  const nodes = body.split(/<[^>]*>/).map((node) => node.replaceAll(/&\w+;|&#\d+;/g, ' '))
  return nodes.flatMap((node) => {
    let rest = node
    for (let before = ''; before !== rest;) [before, rest] = [rest, rest.replaceAll(/⟦[^⟦⟧]*⟧/g, ' ')]
    rest = rest.replaceAll(NAMES, ' ').replaceAll(IDS, ' ').trim()
    return /\p{L}{2}/u.test(rest) ? [rest.replaceAll(/\s+/g, ' ')] : []
  })
}

test('on every page, all that is said is said through the translations', { timeout: 60_000 }, async () => {
  const receiver = await startReceiver({ answer: (_, n) => ({ status: n % 2 === 0 ? 503 : 200, body: 'Zzbody' }) })
  const app = await testApp()
  await app.site('zzsite')
  const admin = await app.login()
  const webhook = await app.webhook({
    name: 'Zzhook',
    url: receiver.url,
    auth: 'signature',
    signing: { scheme: 'v1', extra: [] },
  })
  await app.webhook({ name: 'Zzbatch', url: receiver.url, allEvents: true, events: [], format: 'envelope' })
  const event = await app.emit()
  await app.deliver()
  const deliveries = await app.deps.db.q.selectFrom('delivery').select('id').execute()
  const draft = { name: 'Zzbin', answer: { kind: 'ok', figure: 0 }, webhookId: webhook } as const
  const bin = await makeBin(app.deps, draft, { owner: 'network', by: 'usr_test' }, () => [])
  await app.fetch(`/bin/${bin.token}`, { method: 'PUT', body: 'Zzbody' })
  const by = { id: 'usr_test', name: 'Ingrid Nord', address: '192.0.2.7' }
  const searched = await startSearch(app.deps, by, 'mary@example.com')
  await goOn(app.deps, 10_000)
  const searching = await startSearch(app.deps, by, 'mary@example.com')
  const scoped = (base: string) =>
    [
      '',
      '/webhooks',
      '/webhooks/new',
      '/deliveries',
      '/events',
      '/bins',
      '/event-types',
      '/event-types/payment_received',
      '/sources',
      '/sources/new',
      '/plugins',
      '/api-keys',
    ].map((path) => base + path)
  const paths = [
    ...scoped('/network'),
    ...scoped('/sites/zzsite/admin'),
    `/network/webhooks/${webhook}`,
    `/network/webhooks/${webhook}/delete`,
    ...deliveries.map(({ id }) => `/network/deliveries/${id}`),
    `/network/events/${event}`,
    `/network/bins/${bin.id}`,
    '/network/sites',
    '/network/sites/new',
    '/network/users',
    '/network/users/new',
    '/network/users/roles',
    '/network/api-keys/new',
    '/network/plugins/payments',
    '/network/audit',
    '/network/privacy',
    `/network/privacy/${searched}`,
    `/network/privacy/${searching}`,
    '/network/health',
    '/network/settings',
    '/account',
    '/confirm-password',
    '/network/nothing-here',
  ]
  const found: string[] = []
  for (const path of paths) {
    const { status, html } = await admin.get(path, { 'accept-language': 'sv' })
    expect([200, 404], path).toContain(status)
    found.push(...unmarked(html).map((words) => `${path}: ${words}`))
  }
  expect(found).toEqual([])
})
