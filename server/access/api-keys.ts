import { insertKey, insertKeyOnce, keyByHash, revokeKey, touchKey, type KeyRow } from '../../db/queries/api-keys.ts'
import { MINUTE } from '../lib/clock.ts'
import { can, type Actor, type Capability, type Owner } from '../lib/actor.ts'
import { fail } from '../lib/errors.ts'
import { newId } from '../lib/ids.ts'
import type { Engine } from '../webhooks/engine.ts'
import { auditEntry } from './audit.ts'
import { grantable, rightsOf, scopes } from './roles.ts'
import { newToken, sha256 } from './token.ts'

type Deps = Pick<Engine, 'db' | 'clock' | 'random' | 'log'>

/** The maker of the key from SETUP_API_KEY: nobody whose rights could bound it. */
const SETUP = 'setup'

export type KeyState = 'active' | 'revoked' | 'expired'

export const keyState = (key: Pick<KeyRow, 'revoked_at' | 'expires_at'>, now: number): KeyState => {
  if (key.revoked_at !== null) return 'revoked'
  return key.expires_at !== null && key.expires_at <= now ? 'expired' : 'active'
}

/** What a key may do now: its scopes as far as its maker's present rights go, where both may do it. Null: nothing, nowhere. */
export function rightsOfKey(key: KeyRow): { capabilities: ReadonlySet<Capability>; owner: Owner } | null {
  const named = scopes.filter((scope) => (JSON.parse(key.scopes) as string[]).includes(scope))
  if (key.user_id === SETUP) return { capabilities: new Set(named), owner: key.owner }
  if (key.role === null || key.makerSite === null) return null
  const maker = rightsOf(key.role, key.makerSite)
  if (maker.owner !== 'network' && key.owner !== 'network' && key.owner !== maker.owner) return null
  return {
    capabilities: new Set(named.filter((scope) => maker.capabilities.has(scope))),
    owner: maker.owner === 'network' ? key.owner : maker.owner,
  }
}

/** The actor behind `Authorization: Bearer …`, or null: unknown, expired, revoked. Throws `forbidden` while its site is archived. */
export async function actorByKey(deps: Deps, authorization: string, address: string): Promise<Actor | null> {
  const secret = /^Bearer +([\x21-\x7e]{32,200})$/i.exec(authorization)?.[1]
  if (secret === undefined) return null
  const key = await keyByHash(deps.db, await sha256(secret))
  const now = deps.clock()
  if (!key || keyState(key, now) !== 'active') return null
  const rights = rightsOfKey(key)
  if (!rights || (key.owner !== 'network' && (key.siteState ?? 'deleted') === 'deleted')) return null
  if (key.siteState === 'archived')
    throw fail('forbidden', 'The site of this key is archived. Bring the site back, or take a key of another one.')
  await touch(deps, key, now)
  return { kind: 'key', id: key.id, name: key.name, ...rights, address }
}

/** At most one write a minute. It may fail: a key that cannot be touched still opens. */
async function touch({ db, log }: Deps, key: KeyRow, now: number): Promise<void> {
  const before = now - MINUTE
  if (key.last_used_at !== null && key.last_used_at > before) return
  try {
    await db.commit([touchKey(db, key.id, now, before)])
  } catch (error) {
    log.debug('last use of a key was not noted', { key: key.id, error: String(error) })
  }
}

export interface NewKey {
  readonly name: string
  readonly scopes: readonly string[]
  readonly owner: Owner
  readonly expiresAt: number | null
  /** An id that a form was given when it was shown, so that sending it twice makes one key. */
  readonly id?: string
}

/**
 * Makes a key and gives its secret, which is never to be seen again. Only people make keys, and hand on nothing that they
 * may not do themselves: throws `forbidden`.
 */
export async function createKey(deps: Deps, maker: Actor, wanted: NewKey): Promise<{ id: string; secret: string }> {
  if (maker.kind !== 'user') throw fail('forbidden', 'A key cannot make keys. Log in and make it on API Keys.')
  const granted = grantable(maker, wanted.scopes, wanted.owner)
  if (granted.length < new Set(wanted.scopes).size)
    throw fail('forbidden', 'A key can do no more than the person who makes it.')
  const secret = `hk_${newToken(deps.random)}`
  const id = wanted.id ?? newId('key', deps)
  await deps.db.commit([
    ...auditEntry(deps, maker, {
      action: 'api_key.created',
      target: id,
      owner: wanted.owner,
      after: { name: wanted.name, scopes: granted, expires_at: wanted.expiresAt },
    }),
    insertKey(deps.db, {
      ...(await row(deps, secret, wanted.name, granted, wanted.owner)),
      id,
      user_id: maker.id,
      expires_at: wanted.expiresAt,
    }),
  ])
  return { id, secret }
}

export async function revoke(deps: Deps, actor: Actor, key: Pick<KeyRow, 'id' | 'name' | 'owner'>): Promise<void> {
  if (!can(actor, 'webhooks:write', key.owner)) throw fail('forbidden', 'This key is not yours to revoke.')
  await deps.db.commit([
    ...auditEntry(deps, actor, {
      action: 'api_key.revoked',
      target: key.id,
      owner: key.owner,
      before: { name: key.name },
    }),
    revokeKey(deps.db, key.id, deps.clock()),
  ])
}

/** Makes the key of SETUP_API_KEY, unless there ever was one with this value: one that was revoked stays revoked. */
export async function ensureSetupKey(deps: Deps & Pick<Engine, 'config'>): Promise<void> {
  const secret = deps.config.setupApiKey
  if (secret === null || (await keyByHash(deps.db, await sha256(secret)))) return
  const key = { ...(await row(deps, secret, 'SETUP_API_KEY', scopes, 'network')), user_id: SETUP, expires_at: null }
  await deps.db.commit([insertKeyOnce(deps.db, key)])
}

const row = async (deps: Deps, secret: string, name: string, granted: readonly Capability[], owner: Owner) => ({
  id: newId('key', deps),
  name,
  hash: await sha256(secret),
  hint: secret.slice(0, 7),
  scopes: JSON.stringify(granted),
  owner,
  created_at: deps.clock(),
})
