import { tryCommit } from '../../db/db.ts'
import {
  deleteSource,
  insertSource,
  mustBeSourceRevision,
  updateSource,
  type SourceRow,
} from '../../db/queries/sources.ts'
import { auditEntry } from '../access/audit.ts'
import { newToken, sha256 } from '../access/token.ts'
import type { Actor } from '../lib/actor.ts'
import { HOUR } from '../lib/clock.ts'
import type { JsonObject } from '../lib/json.ts'
import type { Engine } from '../webhooks/engine.ts'
import { sourceContext } from '../webhooks/sealed.ts'
import type { SourceDraft } from './draft.ts'

type Deps = Pick<Engine, 'db' | 'clock' | 'random' | 'vault' | 'publicUrl'>

/** For how long the address before still holds after a new one was made: nothing is lost while the sender is told. */
export const OVERLAP_HOURS = 24

/** What a sender posts to. */
export const addressOf = (deps: Pick<Engine, 'publicUrl'>, kind: string, token: string): string =>
  `${deps.publicUrl()}/ingest/${kind}/${token}`

/** The address of a source, for those who may see it. */
export const openAddress = async (deps: Deps, source: Pick<SourceRow, 'id' | 'kind' | 'token'>): Promise<string> =>
  addressOf(deps, source.kind, await deps.vault.open(source.token, sourceContext(source.id, 'token')))

/** Makes a source and gives its address. `id` comes from the form, so that sending it twice makes one. */
export async function addSource(
  deps: Deps,
  actor: Actor,
  wanted: SourceDraft & { readonly id: string; readonly kind: string; readonly site: string },
): Promise<string> {
  const { id, kind, site, name } = wanted
  const { token, columns } = await freshToken(deps, id)
  const now = deps.clock()
  await deps.db.commit([
    insertSource(deps.db, {
      ...columns,
      id,
      kind,
      site_id: site,
      name,
      previous_hash: null,
      previous_until: null,
      secret: wanted.secret ? await deps.vault.seal(wanted.secret, sourceContext(id, 'secret')) : null,
      settings: JSON.stringify(wanted.settings),
      mapping: wanted.mapping && JSON.stringify(wanted.mapping),
      state: 'active',
      created_at: now,
      created_by: actor.id,
      updated_at: now,
    }),
    ...auditEntry(deps, actor, {
      action: 'source.created',
      target: id,
      owner: site,
      after: auditedSource(wanted, { kind }),
    }),
  ])
  return addressOf(deps, kind, token)
}

/** Changes a source; false when somebody else changed it since it was read. */
export async function changeSource(deps: Deps, actor: Actor, source: SourceRow, draft: SourceDraft): Promise<boolean> {
  const { id } = source
  const secret =
    draft.secret === null
      ? {}
      : { secret: draft.secret === '' ? null : await deps.vault.seal(draft.secret, sourceContext(id, 'secret')) }
  const set = {
    name: draft.name,
    settings: JSON.stringify(draft.settings),
    mapping: draft.mapping && JSON.stringify(draft.mapping),
    ...secret,
  }
  return change(deps, actor, source, { action: 'source.updated', set, after: auditedSource(draft) })
}

/**
 * Gives a source a new address, and answers it; null when somebody else changed the source since it was read. The one before
 * holds for `OVERLAP_HOURS` more, or with `atOnce` no longer.
 */
export async function rotateToken(
  deps: Deps,
  actor: Actor,
  source: SourceRow,
  { atOnce }: { readonly atOnce: boolean },
): Promise<string | null> {
  const { token, columns } = await freshToken(deps, source.id)
  const before = atOnce
    ? { previous_hash: null, previous_until: null }
    : { previous_hash: source.token_hash, previous_until: deps.clock() + OVERLAP_HOURS * HOUR }
  const isChanged = await change(deps, actor, source, {
    action: 'source.address_rotated',
    set: { ...columns, ...before },
    after: { overlap_hours: atOnce ? 0 : OVERLAP_HOURS },
  })
  return isChanged ? addressOf(deps, source.kind, token) : null
}

/** Retired, a source takes nothing; its log and its address stay. False when somebody else changed it since it was read. */
export async function switchSource(
  deps: Deps,
  actor: Actor,
  source: SourceRow,
  state: 'active' | 'retired',
): Promise<boolean> {
  if (source.state === state) return true
  const action = state === 'active' ? 'source.activated' : 'source.retired'
  return change(deps, actor, source, { action, set: { state }, after: { state } })
}

/** What it told stays; whoever posts to it gets 404 from now on. */
export async function removeSource(deps: Deps, actor: Actor, source: SourceRow): Promise<void> {
  await deps.db.commit([
    ...auditEntry(deps, actor, {
      action: 'source.deleted',
      target: source.id,
      owner: source.site_id,
      before: { name: source.name, kind: source.kind },
    }),
    ...deleteSource(deps.db, source.id),
  ])
}

interface Change {
  readonly action: string
  readonly set: Partial<SourceRow>
  /** What the audit log says of it. */
  readonly after: JsonObject
}

function change(deps: Deps, actor: Actor, source: SourceRow, { action, set, after }: Change): Promise<boolean> {
  const { id, site_id: owner, name, state } = source
  return tryCommit(deps.db, [
    ...auditEntry(deps, actor, { action, target: id, owner, before: { name, state }, after }),
    mustBeSourceRevision(deps.db, id, source.revision),
    updateSource(deps.db, id, { ...set, updated_at: deps.clock() }),
  ])
}

/** What the audit log keeps of a source as somebody wants it. */
export const auditedSource = (draft: SourceDraft, more: JsonObject = {}): JsonObject => ({
  ...more,
  name: draft.name,
  settings: draft.settings,
  ...(draft.mapping && { event: draft.mapping.event }),
  ...(draft.secret !== null && { secret: draft.secret === '' ? 'removed' : 'new' }),
})

async function freshToken(deps: Deps, id: string) {
  const token = newToken(deps.random)
  const sealed = await deps.vault.seal(token, sourceContext(id, 'token'))
  return { token, columns: { token: sealed, token_hash: await sha256(token) } }
}
