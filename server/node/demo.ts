import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { insertSite, MAIN_SITE } from '../../db/queries/sites.ts'
import { readConfig } from '../config.ts'
import { newId } from '../lib/ids.ts'
import { plainDraft, type WebhookDraft } from '../webhooks/draft.ts'
import { createWebhook } from '../webhooks/lifecycle.ts'
import { buildIfStale } from './build.ts'
import type { Running } from './start.ts'

// `npm run demo`: a throw-away network that shows everything at work. It needs no network, and leaves nothing behind.

const EMAIL = 'ingrid@nordlys.example'
const EVERY = 2000
const SITES = [
  { id: 'sit_kafe', slug: 'kafe', name: 'Kafé Fjord' },
  { id: 'sit_bokhandel', slug: 'bokhandel', name: 'Bokhandel Nord' },
  { id: 'sit_kurs', slug: 'kurs', name: 'Kurs & Kunskap' },
]

buildIfStale()
const folder = mkdtempSync(join(tmpdir(), 'hookline-demo-'))
const receiver = await startReceivers()
const password = randomBytes(9).toString('base64url')
const running = await startOnFreePort()
await furnish(running)

let turn = 0
const stream = setInterval(() => {
  void emitOne(running, turn++).catch((error: unknown) => console.error(String(error)))
}, EVERY)

console.log(`Hookline's demo listens on ${running.url}`)
console.log(`Log in as ${EMAIL} with the password ${password}`)
console.log('Ctrl+C ends it; nothing of it is kept.')

let stopping = false
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void end())

async function end(): Promise<void> {
  if (stopping) return
  stopping = true
  clearInterval(stream)
  await running.stop()
  receiver.close()
  rmSync(folder, { recursive: true, force: true })
  process.exit(0)
}

/** The usual port, or a free one where something (such as another demo) listens there already. */
async function startOnFreePort(): Promise<Running> {
  const { start } = await import('./start.ts')
  const config = (port: string) =>
    readConfig({
      PORT: port,
      DATA_DIR: folder,
      OUTBOUND_ALLOW: '127.0.0.0/8',
      LOG_LEVEL: 'warn',
      SETUP_EMAIL: EMAIL,
      SETUP_PASSWORD: password,
    })
  try {
    return await start(config(process.env.PORT ?? '3000'))
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') return start(config('0'))
    throw error
  }
}

/** Receivers of every temper, by path: most answer at once, one is slow, one fails now and then, one always. */
async function startReceivers(): Promise<{ url: string; close(): void }> {
  let count = 0
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      const path = request.url ?? '/'
      const fails = path.startsWith('/broken') || (path.startsWith('/moody') && ++count % 3 === 0)
      const answer = () =>
        response
          .writeHead(fails ? 503 : 200, { 'content-type': 'application/json' })
          .end(fails ? '{"error":"restarting"}' : '{"ok":true}')
      if (path.startsWith('/slow')) setTimeout(answer, 1500)
      else answer()
    })
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    close: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}

async function furnish({ deps }: Running): Promise<void> {
  const now = deps.clock()
  await deps.db.commit(SITES.map((site) => insertSite(deps.db, { ...site, created_at: now })))
  const webhooks: [name: string, path: string, draft: Partial<WebhookDraft>][] = [
    [
      'Payments to bookkeeping',
      '/books',
      { description: 'Books each payment.', events: ['payment_received', 'payment_refunded'] },
    ],
    ['New customers to the CRM', '/slow/crm', { format: 'flat', events: ['account_created'] }],
    [
      'Order desk',
      '/moody/orders',
      { format: 'envelope', events: ['payment_received', 'payment_failed'], retrySchedule: [5, 10, 30] },
    ],
    ['Old data warehouse', '/broken/warehouse', { allEvents: true, retrySchedule: [20, 60] }],
  ]
  for (const [name, path, draft] of webhooks) {
    const whole = { ...plainDraft, name, url: receiver.url + path, ...draft }
    const made = await createWebhook(deps, whole, { id: newId('whk', deps), owner: 'network', by: 'demo', room: null })
    await deps.db.commit(made.statements)
  }
}

/** Samples of the plugins' own events, one after the other. */
async function emitOne({ deps }: Running, n: number): Promise<void> {
  const types = deps.host.eventTypes().filter((type) => type.plugin !== 'hookline')
  const type = types[n % types.length]
  if (!type) return
  const site = SITES[n % SITES.length]?.id ?? MAIN_SITE
  await deps.host.emit([{ type: type.name, site, data: type.sample, source: 'demo' }])
}
