import type { Statement } from '../../db/db.ts'
import { endedKeys, noteEnd, revokeKey, type KeyRow } from '../../db/queries/api-keys.ts'
import { hooksOfKeys, keyAndItsKeys, retireHooksOf, thisKey, type Keys } from '../../db/queries/key-hooks.ts'
import { can, HOOKLINE, type Actor } from '../lib/actor.ts'
import { fail } from '../lib/errors.ts'
import type { Engine } from '../webhooks/engine.ts'
import { auditEntry } from './audit.ts'

// A key that has ended lets nobody in, and what it subscribed to would go on without end: its program cannot even
// unsubscribe any more. So its REST hooks are retired with it; a person who wants one to go on activates it.

type Deps = Pick<Engine, 'db' | 'clock' | 'random'>

/** As many as the audit log names. */
const MOST_NAMED = 100

/** What retires the REST hooks of these keys, and which those are. */
export async function endHooks({ db, clock }: Pick<Engine, 'db' | 'clock'>, keys: Keys) {
  const hooks = await hooksOfKeys(db, keys, MOST_NAMED)
  const statements: readonly Statement[] = retireHooksOf(db, keys, clock())
  return { statements, hooks: hooks.map(({ id }) => id) }
}

/** Ends a key, the keys that it made, and their REST hooks, which it counts. Throws `forbidden` for one of somebody else. */
export async function revoke(
  deps: Deps,
  actor: Actor,
  key: Pick<KeyRow, 'id' | 'name' | 'owner'>,
): Promise<{ readonly hooks: number }> {
  if (!can(actor, 'webhooks:write', key.owner) && !can(actor, 'keys:write', key.owner))
    throw fail('forbidden', 'This key is not yours to revoke.')
  const { statements, hooks } = await endHooks(deps, keyAndItsKeys(key.id))
  await deps.db.commit([
    ...statements,
    ...auditEntry(deps, actor, {
      action: 'api_key.revoked',
      target: key.id,
      owner: key.owner,
      before: { name: key.name },
      ...(hooks.length > 0 && { after: { hooks_retired: hooks } }),
    }),
    revokeKey(deps.db, key.id, deps.clock()),
  ])
  return { hooks: hooks.length }
}

/** What ends by age ends its hooks as well, at the next look. */
export async function followEndedKeys(deps: Deps): Promise<void> {
  const now = deps.clock()
  for (const key of await endedKeys(deps.db, now)) {
    const { statements, hooks } = await endHooks(deps, thisKey(key.id))
    const audit = auditEntry(deps, HOOKLINE, {
      action: 'api_key.expired',
      target: key.id,
      owner: key.owner,
      before: { name: key.name },
      ...(hooks.length > 0 && { after: { hooks_retired: hooks } }),
    })
    await deps.db.commit([...statements, ...audit, noteEnd(deps.db, key.id, now)])
  }
}
