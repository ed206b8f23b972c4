import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { insertSite, MAIN_SITE } from '../../db/queries/sites.ts'
import { ConfigError, readConfig } from '../config.ts'
import { newId } from '../lib/ids.ts'
import { binUrl } from '../webhooks/bins/address.ts'
import type { BinAnswer } from '../webhooks/bins/answer.ts'
import { makeBin } from '../webhooks/bins/make.ts'
import { plainDraft, type WebhookDraft } from '../webhooks/draft.ts'
import { createWebhook } from '../webhooks/lifecycle.ts'
import { plainSigning } from '../webhooks/sign.ts'
import { buildIfStale } from './build.ts'
import { codeOf } from './connector.ts'
import type { Running } from './start.ts'

// `npm run demo`: a throw-away network that shows everything at work. It needs no network, and leaves nothing behind.

const EMAIL = 'ingrid@nordlys.example'
const EVERY = 2000
/** The plugins whose samples it emits. */
const SPEAKERS = ['payments', 'accounts', 'example']
const SITES = [
  { id: 'sit_kafe', slug: 'kafe', name: 'Kafé Fjord' },
  { id: 'sit_bokhandel', slug: 'bokhandel', name: 'Bokhandel Nord' },
  { id: 'sit_kurs', slug: 'kurs', name: 'Kurs & Kunskap' },
]

buildIfStale()
const folder = mkdtempSync(join(tmpdir(), 'hookline-demo-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
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
  process.exit(0)
}

/** The usual port, or a free one where something (such as another demo) listens there already. */
async function startOnFreePort(): Promise<Running> {
  const { start } = await import('./start.ts')
  const config = (port: string) =>
    readConfig({
      PORT: port,
      DATA_DIR: folder,
      LOG_LEVEL: 'warn',
      SETUP_EMAIL: EMAIL,
      SETUP_PASSWORD: password,
    })
  try {
    return await start(config(process.env.PORT ?? '3000'))
  } catch (error) {
    if (error instanceof ConfigError && codeOf(error.cause) === 'EADDRINUSE') return start(config('0'))
    throw error
  }
}

async function furnish({ deps }: Running): Promise<void> {
  const now = deps.clock()
  await deps.db.commit(SITES.map((site) => insertSite(deps.db, { ...site, created_at: now })))
  // Receivers of every temper: most answer at once, one is slow, one fails for a while, one always.
  const webhooks: [name: string, answer: BinAnswer, draft: Partial<WebhookDraft>][] = [
    [
      'Payments to bookkeeping',
      { kind: 'ok', figure: 0 },
      {
        description: 'Books each payment.',
        events: ['payment_received', 'payment_refunded'],
        auth: 'signature',
        signing: plainSigning,
      },
    ],
    ['New customers to the CRM', { kind: 'waits', figure: 1 }, { format: 'flat', events: ['account_created'] }],
    [
      'Order desk',
      { kind: 'fails', figure: 3 },
      { format: 'envelope', events: ['payment_received', 'payment_failed'], retrySchedule: [5, 10, 30] },
    ],
    ['Old data warehouse', { kind: 'unavailable', figure: 0 }, { allEvents: true, retrySchedule: [20, 60] }],
  ]
  for (const [name, answer, draft] of webhooks) {
    const id = newId('whk', deps)
    const maker = { owner: 'network', by: 'demo' }
    const { token } = await makeBin(deps, { name, answer, webhookId: id }, maker, () => [])
    const whole = { ...plainDraft, name, url: binUrl(deps.publicUrl(), token), ...draft }
    const made = await createWebhook(deps, whole, { id, ...maker, room: null }, { handedOut: true })
    await deps.db.commit(made.statements)
  }
}

/** Samples of the plugins' own events, one after the other. */
async function emitOne({ deps }: Running, n: number): Promise<void> {
  const site = SITES[n % SITES.length]?.id ?? MAIN_SITE
  const types = deps.host.eventTypes().filter(({ plugin }) => SPEAKERS.includes(plugin))
  const type = types[n % types.length]
  if (!type) return
  await deps.host.emit([{ type: type.name, site, data: type.sample, source: 'demo' }])
}
