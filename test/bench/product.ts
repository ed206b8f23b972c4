import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CompiledQuery } from 'kysely'
import { insertKey } from '../../db/queries/api-keys.ts'
import { insertSite, MAIN_SITE } from '../../db/queries/sites.ts'
import { scopes } from '../../server/access/roles.ts'
import { sha256 } from '../../server/access/token.ts'
import { readConfig } from '../../server/config.ts'
import { newId } from '../../server/lib/ids.ts'
import { start, type Running } from '../../server/node/start.ts'

export interface Product extends Running {
  readonly folder: string
  /** Where events happen, in turn. */
  readonly sites: readonly string[]
  /** Keys of the network. A key may ask 600 times a minute, so there are many. */
  readonly keys: readonly string[]
  /** How many webhooks get each event. */
  readonly deliveriesPerEvent: number
  /** Removes the folder, unless somebody wants to `keep` it. */
  stop(keep?: boolean): Promise<void>
}

const KEYS = 320

/** `shared`: each event goes to all webhooks. `own`: each webhook has a site of its own, so that an event is one delivery. */
export type Shape = 'shared' | 'own'

/** How the product is started on a folder. */
export const envOf = (folder: string) => ({
  PORT: '0',
  DATA_DIR: folder,
  OUTBOUND_ALLOW: '127.0.0.0/8',
  LOG_LEVEL: 'warn',
})

/** The whole product on a fresh folder, as people run it: guard, log and signatures on, every commit flushed to disk. */
export async function startProduct(
  urls: readonly string[],
  { shape = 'shared', env = {} }: { readonly shape?: Shape; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<Product> {
  const folder = mkdtempSync(join(tmpdir(), 'hookline-bench-'))
  const running = await start(readConfig({ ...envOf(folder), ...env }))
  const { deps } = running
  const { db } = deps

  const keys = Array.from({ length: KEYS }, (_, n) => `hk_bench_key_with_32_characters_or_more_${n}`)
  for (const key of keys) await db.commit([insertKey(db, await networkKey(deps, key))])
  const sites = shape === 'shared' ? [MAIN_SITE] : urls.map(() => newId('sit', deps))
  if (shape === 'own') {
    await db.commit(sites.map((id, n) => insertSite(db, { id, slug: `site-${n}`, name: id, created_at: 0 })))
  }
  for (const [n, url] of urls.entries()) {
    const webhook = { name: `Webhook ${n}`, url, events: ['payment_received'], auth: { type: 'signature' } }
    const answer = await fetch(`${running.url}/api/v1/webhooks`, {
      method: 'POST',
      headers: { authorization: `Bearer ${keys[n % KEYS]}`, 'content-type': 'application/json' },
      body: JSON.stringify(shape === 'own' ? { ...webhook, sites: [sites[n]] } : webhook),
    })
    if (!answer.ok) throw new Error(await answer.text())
  }
  return {
    ...running,
    folder,
    sites,
    keys,
    deliveriesPerEvent: shape === 'shared' ? urls.length : 1,
    async stop(keep = false) {
      await running.stop()
      if (!keep) rmSync(folder, { recursive: true })
    },
  }
}

const networkKey = async (deps: Running['deps'], key: string) => ({
  id: newId('key', deps),
  name: key,
  hash: await sha256(key),
  hint: 'hk_',
  scopes: JSON.stringify(scopes),
  owner: 'network',
  user_id: 'setup',
  made_by: null,
  created_at: 0,
  expires_at: null,
})

/** Deliveries that were made and recorded so far. It is asked often, so that the query is built once. */
export async function deliveredSoFar({ deps: { db } }: Product): Promise<number> {
  hours ??= db.q.selectFrom('delivery_hour').select('delivered').compile()
  const rows = await db.read(hours)
  return rows.reduce((sum, row) => sum + Number(row.delivered), 0)
}
let hours: CompiledQuery | null = null
