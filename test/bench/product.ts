import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { insertKey } from '../../db/queries/access.ts'
import { insertSite } from '../../db/queries/sites.ts'
import { scopes } from '../../server/access/roles.ts'
import { sha256 } from '../../server/access/token.ts'
import { readConfig } from '../../server/config.ts'
import { newId } from '../../server/lib/ids.ts'
import { start, type Running } from '../../server/node/start.ts'

export interface Product extends Running {
  /** Each with one webhook: one event there is one delivery. */
  readonly sites: readonly string[]
  /** Keys of the sites in turn. A key may ask 600 times a minute, so there are many. */
  readonly keys: readonly string[]
}

const SITES = 8
const KEYS = 320

/** The whole product on a fresh folder, as people run it: guard, log and signatures on, every commit flushed to disk. */
export async function startProduct(receiver: string): Promise<Product> {
  const folder = mkdtempSync(join(tmpdir(), 'hookline-bench-'))
  const env = { PORT: '0', DATA_DIR: folder, OUTBOUND_ALLOW: '127.0.0.0/8', LOG_LEVEL: 'warn' }
  const running = await start(readConfig(env))
  const { deps } = running
  const { db } = deps

  const sites = Array.from({ length: SITES }, () => newId('sit', deps))
  await db.commit(sites.map((id, n) => insertSite(db, { id, slug: `site-${n}`, name: id, created_at: 0 })))
  const keys = Array.from({ length: KEYS }, (_, n) => `hk_bench_key_with_32_characters_or_more_${n}`)
  for (const [n, key] of keys.entries()) {
    const owner = sites[n % SITES] ?? ''
    const row = {
      id: newId('key', deps),
      name: key,
      hash: await sha256(key),
      hint: 'hk_',
      scopes: JSON.stringify(scopes),
    }
    await db.commit([insertKey(db, { ...row, owner, user_id: 'setup', created_at: 0, expires_at: null })])
  }
  for (const [n, key] of keys.slice(0, SITES).entries()) {
    const webhook = {
      name: 'Orders',
      url: `${receiver}/${n}`,
      events: ['payment_received'],
      auth: { type: 'signature' },
    }
    const answer = await fetch(`${running.url}/api/v1/webhooks`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify(webhook),
    })
    if (!answer.ok) throw new Error(await answer.text())
  }
  return {
    ...running,
    sites,
    keys,
    async stop() {
      await running.stop()
      rmSync(folder, { recursive: true })
    },
  }
}

/** Deliveries that were made and recorded so far. */
export async function deliveredSoFar({ deps }: Product): Promise<number> {
  const rows = await deps.db.q.selectFrom('delivery_hour').select('delivered').execute()
  return rows.reduce((sum, row) => sum + Number(row.delivered), 0)
}
