import { secretsOf } from '../../db/queries/webhook-secrets.ts'
import type { WebhookTable } from '../../db/schema.ts'
import type { CustomHeaders } from './custom-headers.ts'
import type { Engine } from './engine.ts'
import { openSecret } from './sealed.ts'

/** The opened secrets of a webhook, as an attempt needs them. */
export interface OpenSecrets {
  /** Every live one: the oldest first, the newest last. */
  readonly signing: readonly string[]
  /** Of Basic. */
  readonly password: string | null
  /** Of Bearer. */
  readonly token: string | null
  readonly headers: CustomHeaders
}

export const noSecrets: OpenSecrets = { signing: [], password: null, token: null, headers: [] }

interface Opened extends Omit<OpenSecrets, 'signing'> {
  readonly signing: readonly { readonly plain: string; readonly end: number | null }[]
}

const MOST_KEPT = 2000

/**
 * Opened secrets, kept by webhook and revision: every change of a webhook, its secrets included, raises the revision.
 * Whether a rotated one still signs is looked at each time.
 */
export function createSecrets(engine: Engine): { of(webhook: WebhookTable): Promise<OpenSecrets> } {
  const kept = new Map<string, { revision: number; opened: Promise<Opened> }>()
  return {
    async of(webhook) {
      if (webhook.auth === 'none' && webhook.headers === '[]') return noSecrets
      let known = kept.get(webhook.id)
      if (known?.revision !== webhook.revision) {
        if (kept.size >= MOST_KEPT) kept.clear()
        known = { revision: webhook.revision, opened: open(engine, webhook.id) }
        kept.set(webhook.id, known)
        known.opened.catch(() => kept.delete(webhook.id))
      }
      return liveAt(await known.opened, engine.clock())
    },
  }
}

/** Every live secret of a webhook, opened. */
export const openSecrets = async (engine: Engine, webhookId: string): Promise<OpenSecrets> =>
  liveAt(await open(engine, webhookId), engine.clock())

const liveAt = ({ signing, ...others }: Opened, now: number): OpenSecrets => ({
  ...others,
  signing: signing.filter(({ end }) => end === null || end > now).map(({ plain }) => plain),
})

async function open(engine: Engine, webhookId: string): Promise<Opened> {
  const rows = await secretsOf(engine.db, webhookId)
  const opened = await Promise.all(rows.map(async (row) => ({ ...row, plain: await openSecret(engine, row) })))
  const one = (wanted: string) => opened.find(({ kind }) => kind === wanted)?.plain ?? null
  return {
    signing: opened
      .filter(({ kind }) => kind === 'v1' || kind === 'v1a')
      // Two rotations may share a millisecond; the newest is the one without an end.
      .sort((a, b) => (a.expires_at ?? Infinity) - (b.expires_at ?? Infinity) || 0)
      .map(({ plain, expires_at: end }) => ({ plain, end })),
    password: one('password'),
    token: one('token'),
    headers: JSON.parse(one('headers') ?? '[]') as CustomHeaders,
  }
}
