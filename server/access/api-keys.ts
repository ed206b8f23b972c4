import { tryCommit, type Statement } from '../../db/db.ts'
import {
  insertKey,
  insertKeyOnce,
  keyByHash,
  keyById,
  keyByOldHash,
  rotateKey,
  touchKey,
  touchOldKey,
  wasKey,
  type KeyRow,
} from '../../db/queries/api-keys.ts'
import { HOUR, MINUTE } from '../lib/clock.ts'
import { can, type Actor, type Capability, type Owner } from '../lib/actor.ts'
import { fail, invalid } from '../lib/errors.ts'
import { newId } from '../lib/ids.ts'
import { msg } from '../lib/message.ts'
import type { Engine } from '../webhooks/engine.ts'
import { auditEntry } from './audit.ts'
import { grantable, rightsOf, scopes } from './roles.ts'
import { newToken, sha256 } from './token.ts'

type Deps = Pick<Engine, 'db' | 'clock' | 'random' | 'log'>

/** The maker of the key from SETUP_API_KEY: nobody whose rights could bound it. */
const SETUP = 'setup'

type KeyState = 'active' | 'revoked' | 'expired'

export const keyState = (key: Pick<KeyRow, 'revoked_at' | 'expires_at'>, now: number): KeyState => {
  if (key.revoked_at !== null) return 'revoked'
  return key.expires_at !== null && key.expires_at <= now ? 'expired' : 'active'
}

/** What a key may do now: its scopes as far as its maker's present rights go, where both may do it. Null: nothing, nowhere. */
function rightsOfKey(key: KeyRow): { capabilities: ReadonlySet<Capability>; owner: Owner } | null {
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
  const hash = await sha256(secret)
  const now = deps.clock()
  const newest = await keyByHash(deps.db, hash)
  const key = newest ?? (await keyByOldHash(deps.db, hash, now))
  if (!key || keyState(key, now) !== 'active') return null
  const rights = rightsOfKey(key)
  if (!rights || (key.owner !== 'network' && (key.siteState ?? 'deleted') === 'deleted')) return null
  if (key.siteState === 'archived')
    throw fail('forbidden', 'The site of this key is archived. Bring the site back, or take a key of another one.')
  await touch(deps, key, now, newest ? null : hash)
  return { kind: 'key', id: key.id, name: key.name, ...rights, address }
}

/** At most one write a minute. It may fail: a key that cannot be touched still opens. `old`: what it was before was used. */
async function touch({ db, log }: Deps, key: KeyRow, now: number, old: string | null): Promise<void> {
  const before = now - MINUTE
  const statements: Statement[] = []
  if (key.last_used_at === null || key.last_used_at <= before) statements.push(touchKey(db, key.id, now, before))
  if (old !== null) statements.push(touchOldKey(db, old, now, before))
  if (statements.length === 0) return
  try {
    await db.commit(statements)
  } catch (error) {
    log.debug('last use of a key was not noted', { key: key.id, error: String(error) })
  }
}

interface NewKey {
  readonly name: string
  readonly scopes: readonly string[]
  readonly owner: Owner
  readonly expiresAt: number | null
  /** An id that a form was given when it was shown, so that sending it twice makes one key. */
  readonly id?: string
}

/**
 * Makes a key and gives its secret, which is never to be seen again. Nobody hands on what they may not do themselves: throws
 * `forbidden`. A key that a key made is of the same person, and ends no later than that one, nor by anything but with it.
 */
export async function createKey(deps: Deps, maker: Actor, wanted: NewKey): Promise<{ id: string; secret: string }> {
  const granted = mustBeGranted(maker, wanted.scopes, wanted.owner)
  const parent = maker.kind === 'key' ? await keyById(deps.db, maker.id) : null
  if (parent === undefined) throw fail('forbidden', 'The key that asks has ended.')
  const expiresAt = wanted.expiresAt ?? parent?.expires_at ?? null
  if (parent && parent.expires_at !== null && (expiresAt ?? 0) > parent.expires_at) {
    throw invalid([{ path: 'expires_at', message: msg('A key that a key makes ends no later than that one.') }])
  }
  const secret = newSecret(deps)
  const id = wanted.id ?? newId('key', deps)
  await deps.db.commit([
    ...auditEntry(deps, maker, {
      action: 'api_key.created',
      target: id,
      owner: wanted.owner,
      after: { name: wanted.name, scopes: granted, expires_at: expiresAt },
    }),
    insertKey(deps.db, {
      ...(await row(deps, secret, wanted.name, granted, wanted.owner)),
      id,
      user_id: parent?.user_id ?? maker.id,
      made_by: parent?.id ?? null,
      expires_at: expiresAt,
    }),
  ])
  return { id, secret }
}

/** Whoever gets hold of a key could do all that it may: so nobody does who may do less. */
function mustBeGranted(maker: Actor, wanted: readonly string[], owner: Owner): Capability[] {
  if (maker.kind === 'key' && !can(maker, 'keys:write', owner))
    throw fail('forbidden', 'This key lacks the scope {scope}.', { scope: 'keys:write' })
  const granted = grantable(maker, wanted, owner)
  if (granted.length === new Set(wanted).size) return granted
  throw maker.kind === 'user'
    ? fail('forbidden', 'A key can do no more than the person who makes it.')
    : fail('forbidden', 'A key can make no key that can do more than itself, or that makes keys.')
}

/**
 * Gives a key a new secret. The old one keeps working beside it for `overlap` hours. `seen` is when the key was last
 * rotated, as far as the caller knows. Throws `forbidden` as createKey does, and `conflict` when the key has ended or was
 * rotated since.
 */
export async function rotate(
  deps: Deps,
  actor: Actor,
  key: KeyRow,
  { overlap, seen }: { readonly overlap: number; readonly seen: number | null },
): Promise<{ secret: string; oldUntil: number }> {
  const isItself = actor.kind === 'key' && actor.id === key.id
  if (!isItself) mustBeGranted(actor, JSON.parse(key.scopes) as string[], key.owner)
  const now = deps.clock()
  const secret = newSecret(deps)
  const oldUntil = now + overlap * HOUR
  const entry = { action: 'api_key.rotated', target: key.id, owner: key.owner, after: { overlap_hours: overlap } }
  const isRotated = await tryCommit(deps.db, [
    ...auditEntry(deps, actor, entry),
    ...rotateKey(deps.db, { id: key.id, hash: await sha256(secret), hint: hintOf(secret) }, { seen, now, oldUntil }),
  ])
  if (!isRotated) throw fail('conflict', 'This key has ended, or was rotated in the meantime.')
  return { secret, oldUntil }
}

/** Makes the key of SETUP_API_KEY, unless there ever was one with this value: one that was revoked stays revoked. */
export async function ensureSetupKey(deps: Deps & Pick<Engine, 'config'>): Promise<void> {
  const secret = deps.config.setupApiKey
  if (secret === null) return
  const hash = await sha256(secret)
  if ((await keyByHash(deps.db, hash)) || (await wasKey(deps.db, hash))) return
  const made = await row(deps, secret, 'SETUP_API_KEY', scopes, 'network')
  const key = { ...made, user_id: SETUP, made_by: null, expires_at: null }
  await deps.db.commit([insertKeyOnce(deps.db, key)])
}

const row = async (deps: Deps, secret: string, name: string, granted: readonly Capability[], owner: Owner) => ({
  id: newId('key', deps),
  name,
  hash: await sha256(secret),
  hint: hintOf(secret),
  scopes: JSON.stringify(granted),
  owner,
  created_at: deps.clock(),
})

const newSecret = (deps: Pick<Engine, 'random'>): string => `hk_${newToken(deps.random)}`
const hintOf = (secret: string): string => secret.slice(0, 7)
