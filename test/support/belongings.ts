import { createKey } from '../../server/access/api-keys.ts'
import { rules, type Rule } from '../../server/access/rules.ts'
import { capabilities, type Actor } from '../../server/lib/actor.ts'
import { newId } from '../../server/lib/ids.ts'
import type { TestApp } from './app.ts'

export interface Route {
  readonly method: string
  readonly path: string
  readonly rule: Rule
}

/** Every route that the app mounts, those of both areas apart. */
export const routes: readonly Route[] = Object.entries(rules).flatMap(([key, rule]) => {
  const [method = '', path = ''] = key.split(' ')
  const areas = ['/network', '/sites/:slug/admin']
  const paths = path.startsWith('{area}') ? areas.map((area) => path.replace('{area}', area)) : [path]
  return paths.map((each) => ({ method, path: each, rule }))
})

/** Whose thing `:id` is, by the word in front of it: `webhooks`. */
export const kindOf = (path: string): string => /\/([\w-]+)\/:id/.exec(path)?.[1] ?? ''

/** With something that is not there in its places. */
export const filled = (path: string, site: string): string =>
  path
    .replace(':slug', site || 'none')
    .replace('*', 'none')
    .replaceAll(/:\w+/g, 'none')

/** One of everything that a site (or the network) can have; their ids, by the word that stands in front of them in a path. */
export async function furnish(app: TestApp, owner: string): Promise<Record<string, string>> {
  const { db, clock } = app.deps
  const [now, by] = [clock(), 'usr_test']
  const site = owner === 'network' ? 'sit_main' : owner
  const webhooks = await app.webhook({ url: 'http://127.0.0.1:9/' }, owner)
  const events = await app.emit({ site })
  const { id: deliveries } = await db.q
    .selectFrom('delivery')
    .select('id')
    .where('webhook_id', '=', webhooks)
    .executeTakeFirstOrThrow()
  const made = { created_at: now, created_by: by }
  const [redeliveries, bins, captures] = [newId('red', app.deps), newId('bin', app.deps), newId('cap', app.deps)]
  const counts = { total: 1, done: 0, after_seq: 0, until_seq: 1 }
  const body = { headers: '[]', hidden: null, body: '', bytes: 0, verdict: 'unsigned' as const, status: 200 }
  await db.commit([
    db.q
      .insertInto('redelivery')
      .values({ id: redeliveries, webhook_id: webhooks, owner, state: 'running', ...counts, ...made }),
    db.q.insertInto('bin').values({
      id: bins,
      token: bins,
      owner,
      name: 'Theirs',
      answer: '{"kind":"ok","figure":0}',
      webhook_id: null,
      received: 1,
      ...made,
    }),
    db.q.insertInto('capture').values({ id: captures, bin_id: bins, at: now, method: 'POST', query: '', ...body }),
  ])
  const { slug } = await db.q.selectFrom('site').select('slug').where('id', '=', site).executeTakeFirstOrThrow()
  const mapping = { event: 'generic.request_received', fields: { body: { from: '.' } } }
  const client = await app.client()
  const source = await client('POST', '/sources', { kind: 'generic', name: 'Theirs', mapping, site: slug })
  const sources = String(source.body.id)
  const maker: Actor = {
    kind: 'user',
    id: by,
    name: 'Ingrid',
    owner: 'network',
    capabilities: new Set(capabilities),
    address: '',
  }
  const key = await createKey(app.deps, maker, { name: 'Theirs', scopes: ['events:read'], owner, expiresAt: null })
  return { webhooks, events, deliveries, redeliveries, bins, captures, sources, hooks: webhooks, 'api-keys': key.id }
}
