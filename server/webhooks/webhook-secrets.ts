import { liveSecrets } from '../../db/queries/dispatch.ts'
import type { WebhookTable } from '../../db/schema.ts'
import type { Engine } from './engine.ts'
import { openSecret } from './lifecycle.ts'

/** The opened secrets of a webhook, as an attempt needs them. */
export interface OpenSecrets {
  readonly signing: readonly string[]
  readonly password: string | null
}

const MOST_KEPT = 2000

/** Opened secrets, kept by webhook and revision: every change of a webhook, its secrets included, raises the revision. */
export function createSecrets(engine: Engine): { of(webhook: WebhookTable): Promise<OpenSecrets> } {
  const kept = new Map<string, { revision: number; secrets: Promise<OpenSecrets> }>()
  return {
    of(webhook) {
      if (webhook.auth === 'none') return Promise.resolve({ signing: [], password: null })
      const known = kept.get(webhook.id)
      if (known?.revision === webhook.revision) return known.secrets
      if (kept.size >= MOST_KEPT) kept.clear()
      const secrets = openSecrets(engine, webhook.id)
      kept.set(webhook.id, { revision: webhook.revision, secrets })
      secrets.catch(() => kept.delete(webhook.id))
      return secrets
    },
  }
}

/** Every live secret of a webhook, opened. */
export async function openSecrets(engine: Engine, webhookId: string): Promise<OpenSecrets> {
  const rows = await liveSecrets(engine.db, webhookId, engine.clock())
  const signing: string[] = []
  let password: string | null = null
  for (const row of rows) {
    const plain = await openSecret(engine, row)
    if (row.kind === 'v1') signing.push(plain)
    else password = plain
  }
  return { signing, password }
}
