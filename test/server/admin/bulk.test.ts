import { expect, test } from 'vitest'
import { newId, type IdPrefix } from '../../../server/lib/ids.ts'
import { testApp, type TestApp } from '../../support/app.ts'
import { furnish } from '../../support/belongings.ts'
import { wordsOf } from '../../support/form.ts'

const MANY = 40

/** So many more rows like one that is there, each with a name of its own; their ids. */
async function more(
  { deps: { db, clock, random } }: TestApp,
  table: 'webhook' | 'source' | 'bin' | 'api_key' | 'user' | 'site',
  kind: IdPrefix,
  change: (n: number) => object,
): Promise<readonly string[]> {
  const one = await db.q.selectFrom(table).selectAll().orderBy('id', 'desc').executeTakeFirstOrThrow()
  const ids = Array.from({ length: MANY }, () => newId(kind, { clock, random }))
  await db.commit(ids.map((id, n) => db.q.insertInto(table).values({ ...one, id, name: `Row ${n}`, ...change(n) })))
  return ids
}

/** Each list with the form that its bulk actions are sent with, and rows for it. */
const lists: readonly (readonly [
  path: string,
  action: string,
  says: string,
  rows: (app: TestApp) => Promise<readonly string[]>,
])[] = [
  [
    '/network/webhooks',
    'delete',
    'Delete 40 webhooks?',
    (app) => more(app, 'webhook', 'whk', (n) => ({ number: 100 + n })),
  ],
  [
    '/network/webhooks',
    'activate',
    '40 were left out',
    (app) => more(app, 'webhook', 'whk', (n) => ({ number: 100 + n, owner: 'sit_gone' })),
  ],
  [
    '/network/sources',
    'delete',
    'Delete 40 sources?',
    (app) => more(app, 'source', 'src', (n) => ({ token_hash: `hash ${n}` })),
  ],
  [
    '/network/bins/bulk',
    'delete',
    'Delete 40 bins?',
    (app) => more(app, 'bin', 'bin', (n) => ({ token: `token ${n}` })),
  ],
  [
    '/network/api-keys/bulk',
    'revoke',
    'Revoke 40 API keys?',
    (app) => more(app, 'api_key', 'key', (n) => ({ hash: `hash ${n}` })),
  ],
  [
    '/network/sites',
    'archive',
    'Sites archived: 40.',
    (app) => more(app, 'site', 'sit', (n) => ({ slug: `row-${n}`, state: 'archived' })),
  ],
  [
    '/network/users/bulk',
    'delete',
    'Delete 40 users?',
    (app) => more(app, 'user', 'usr', (n) => ({ email: `row-${n}@example.com` })),
  ],
]

test.each(lists)('%s reads for %s of many as often as of one, in their order', async (path, action, says, rows) => {
  let statements = 0
  const app = await testApp({ asked: () => statements++ })
  const admin = await app.login()
  await furnish(app, 'network')
  const ids = (await rows(app)).toReversed()
  const counted = async (chosen: readonly string[]) => {
    statements = 0
    const { status, html, location } = await admin.post(path, { action, ids: chosen.join() })
    const reads = statements
    return { reads, words: wordsOf(status === 303 ? (await admin.get(location)).html : html) }
  }
  const [one, all] = [await counted(ids.slice(0, 1)), await counted(ids)]
  expect(all.reads).toBe(one.reads)
  expect(all.words).toContain(says)
  if (says.endsWith('?')) expect(all.words).toMatch(/Row 39\b.* Row 38\b.* Row 0\b/)
})
