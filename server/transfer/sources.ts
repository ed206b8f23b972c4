import { everySource } from '../../db/queries/set-up.ts'
import type { SourceRow } from '../../db/queries/sources.ts'
import type { SourceTable } from '../../db/schema.ts'
import { newToken, sha256 } from '../access/token.ts'
import { newId } from '../lib/ids.ts'
import type { Json, JsonObject } from '../lib/json.ts'
import { msg, type Message } from '../lib/message.ts'
import { readSource, type SourceDraft } from '../sources/draft.ts'
import { auditedSource } from '../sources/lifecycle.ts'
import { sourceContext } from '../webhooks/sealed.ts'
import type { SourceEntry } from './file.ts'
import {
  below,
  created,
  differences,
  freeId,
  newSecret,
  noSuchSite,
  refused,
  settled,
  twice,
  type Planning,
  type Step,
} from './step.ts'

/** What a source lacks that came without the secret of its sender: it would take what anybody sends. */
const UNSIGNED = msg('Is retired until you give it the secret of its sender and activate it.')
const NEW_ADDRESS = msg('Gets a new address: give it to the sender.')

/** What is here, and what the file has taken of it so far. */
interface Here {
  readonly sources: readonly SourceRow[]
  readonly ids: ReadonlySet<string>
  /** Of the tokens in their addresses. */
  readonly hashes: ReadonlySet<string>
  /** Ids that an entry stands for. */
  readonly taken: Set<string>
  readonly named: ReadonlySet<string | undefined>
}

interface Found {
  readonly kind: 'source'
  readonly name: string
  readonly site: string
  readonly path: string
}

/** Sources, found by id, or else by site, kind and name. With the file's secrets they keep their addresses. */
export async function planSources(planning: Planning): Promise<Step[]> {
  const { deps, setUp } = planning
  if (setUp.sources.length === 0) return []
  const sources = await everySource(deps.db)
  const here: Here = {
    sources,
    ids: new Set(sources.map(({ id }) => id)),
    hashes: new Set(sources.map(({ token_hash: hash }) => hash)),
    taken: new Set(),
    named: new Set(setUp.sources.map(({ id }) => id)),
  }
  const steps: Step[] = []
  for (const [index, entry] of setUp.sources.entries())
    steps.push(await planOne(planning, here, entry, `sources.${index}`))
  return steps
}

async function planOne(planning: Planning, here: Here, entry: SourceEntry, path: string): Promise<Step> {
  const { host } = planning.deps
  const found: Found = { kind: 'source', name: entry.name, site: entry.site, path }
  const site = planning.sites.get(entry.site)
  if (!site) return refused(found, [noSuchSite(`${path}.site`)])
  const kind = host.sources().find(({ name }) => name === entry.kind)
  if (!kind) {
    const message = msg('No plugin here has a source of the kind {kind}.', { kind: entry.kind.slice(0, 80) })
    return refused(found, [{ path: `${path}.kind`, message }])
  }
  const current = find(here, entry, site.id)
  const key = current?.id ?? entry.id
  if (key !== undefined && here.taken.has(key)) return refused(found, [twice(path)])
  if (key !== undefined) here.taken.add(key)
  const plain = entry.id === undefined ? undefined : planning.secrets?.sources[entry.id]
  const read = readSource(host, kind, {
    name: entry.name,
    secret: plain?.secret ?? null,
    settings: { ...(current && (JSON.parse(current.settings) as JsonObject)), ...entry.settings },
    mapping: entry.mapping === undefined && current?.mapping ? JSON.parse(current.mapping) : (entry.mapping ?? null),
  })
  if (!read.ok) return refused(found, below(path, read.errors))
  const { draft } = read
  return current
    ? planChange(planning, found, { current, entry, draft })
    : planNew(planning, here, found, { entry, draft, siteId: site.id, token: plain?.token })
}

function find({ sources, taken, named }: Here, entry: SourceEntry, siteId: string): SourceRow | undefined {
  const alike = sources.filter((one) => one.site_id === siteId && one.kind === entry.kind)
  return (
    alike.find(({ id }) => id === entry.id) ??
    alike.find(({ id, name }) => name === entry.name.trim() && !taken.has(id) && !named.has(id))
  )
}

interface New {
  readonly entry: SourceEntry
  readonly draft: SourceDraft
  readonly siteId: string
  /** The one that its address had. */
  readonly token: string | undefined
}

async function planNew(planning: Planning, here: Here, found: Found, source: New): Promise<Step> {
  const { entry, draft, siteId } = source
  const { deps, by } = planning
  const { vault } = deps
  const id = freeId('src', entry.id, here.ids) ?? newId('src', deps)
  const kept = await freeToken(source.token, here)
  const token = kept ?? newToken(deps.random)
  const isUnsigned = entry.signed === true && draft.secret === null
  const active = (entry.active ?? true) && !isUnsigned
  const now = deps.clock()
  const notes: Message[] = [...(kept === null ? [NEW_ADDRESS] : []), ...(isUnsigned ? [UNSIGNED] : [])]
  const row: SourceTable = {
    id,
    kind: entry.kind,
    site_id: siteId,
    ...columnsOf(draft),
    secret: draft.secret ? await vault.seal(draft.secret, sourceContext(id, 'secret')) : null,
    token: await vault.seal(token, sourceContext(id, 'token')),
    token_hash: await sha256(token),
    previous_hash: null,
    previous_until: null,
    state: active ? 'active' : 'retired',
    revision: 1,
    taken: 0,
    refused: 0,
    last_taken_at: null,
    last_refused_at: null,
    created_at: now,
    created_by: by.id,
    updated_at: now,
  }
  const after = auditedSource(draft, { kind: entry.kind })
  return created(
    { ...found, notes },
    { rows: { source: [row] }, audit: [{ action: 'source.created', target: id, owner: siteId, after }] },
  )
}

/** The token of an address that no source here has; null where it is none. */
async function freeToken(token: string | undefined, { hashes }: Here): Promise<string | null> {
  return token !== undefined && /^[\w-]{43}$/.test(token) && !hashes.has(await sha256(token)) ? token : null
}

async function planChange(
  planning: Planning,
  found: Found,
  { current, entry, draft }: { readonly current: SourceRow; readonly entry: SourceEntry; readonly draft: SourceDraft },
): Promise<Step> {
  const { vault, clock } = planning.deps
  const { id } = current
  const { site_slug: _slug, ...row } = current
  const before = current.secret === null ? null : await vault.open(current.secret, sourceContext(id, 'secret'))
  const isNewSecret = draft.secret !== null && draft.secret !== before
  const active = entry.active ?? current.state === 'active'
  const changes = [
    ...differences(
      {
        name: current.name,
        settings: JSON.parse(current.settings) as JsonObject,
        mapping: current.mapping === null ? null : (JSON.parse(current.mapping) as Json),
        active: current.state === 'active',
      },
      { name: draft.name, settings: draft.settings, mapping: draft.mapping as Json, active },
    ),
    ...(isNewSecret ? [newSecret('secret', before !== null)] : []),
  ]
  const sealed = isNewSecret && draft.secret ? await vault.seal(draft.secret, sourceContext(id, 'secret')) : row.secret
  const next: SourceTable = {
    ...row,
    ...columnsOf(draft),
    secret: sealed,
    state: active ? 'active' : 'retired',
    revision: row.revision + 1,
    updated_at: clock(),
  }
  return settled(planning, found, changes, () => ({
    rows: { source: [next] },
    sources: [{ id, revision: current.revision }],
    audit: [
      {
        action: 'source.updated',
        target: id,
        owner: current.site_id,
        before: { name: current.name, state: current.state },
        after: { ...auditedSource(isNewSecret ? draft : { ...draft, secret: null }), state: next.state },
      },
    ],
  }))
}

const columnsOf = ({ name, settings, mapping }: SourceDraft) => ({
  name,
  settings: JSON.stringify(settings),
  mapping: mapping && JSON.stringify(mapping),
})
