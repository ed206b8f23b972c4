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

/** Sources, found by id, or else by site, kind and name. With the file's secrets they keep their addresses. */
export async function planSources(planning: Planning): Promise<Step[]> {
  const { deps, setUp, sites, secrets } = planning
  if (setUp.sources.length === 0) return []
  const here = await everySource(deps.db)
  const ids = new Set(here.map(({ id }) => id))
  const hashes = new Set(here.map(({ token_hash: hash }) => hash))
  const named = new Set(setUp.sources.map(({ id }) => id))
  const taken = new Set<string>()
  const steps: Step[] = []

  for (const [index, entry] of setUp.sources.entries()) {
    const path = `sources.${index}`
    const found = { kind: 'source', name: entry.name, site: entry.site, path } as const
    const site = sites.get(entry.site)
    const kind = deps.host.sources().find(({ name }) => name === entry.kind)
    if (!site || !kind) {
      const message = msg('No plugin here has a source of the kind {kind}.', { kind: entry.kind.slice(0, 80) })
      steps.push(refused(found, [site ? { path: `${path}.kind`, message } : noSuchSite(`${path}.site`)]))
      continue
    }
    const fits = ({ site_id: at, kind: of }: SourceRow) => at === site.id && of === entry.kind
    const current =
      here.find((one) => one.id === entry.id && fits(one)) ??
      here.find((one) => one.name === entry.name.trim() && fits(one) && !taken.has(one.id) && !named.has(one.id))
    const key = current?.id ?? entry.id
    if (key !== undefined && taken.has(key)) {
      steps.push(refused(found, [twice(path)]))
      continue
    }
    if (key !== undefined) taken.add(key)
    const plain = entry.id === undefined ? undefined : secrets?.sources[entry.id]
    const read = readSource(deps.host, kind, {
      name: entry.name,
      secret: plain?.secret ?? null,
      settings: { ...(current && (JSON.parse(current.settings) as JsonObject)), ...entry.settings },
      mapping: entry.mapping === undefined && current?.mapping ? JSON.parse(current.mapping) : (entry.mapping ?? null),
    })
    if (!read.ok) {
      steps.push(refused(found, below(path, read.errors)))
      continue
    }
    const { draft } = read
    if (current) {
      steps.push(await planChange(planning, found, { current, entry, draft }))
      continue
    }
    const id = freeId('src', entry.id, ids) ?? newId('src', deps)
    const kept = plain && /^[\w-]{43}$/.test(plain.token) && !hashes.has(await sha256(plain.token)) ? plain.token : null
    const token = kept ?? newToken(deps.random)
    const isUnsigned = entry.signed === true && draft.secret === null
    const active = (entry.active ?? true) && !isUnsigned
    const now = deps.clock()
    const notes: Message[] = [...(kept === null ? [NEW_ADDRESS] : []), ...(isUnsigned ? [UNSIGNED] : [])]
    const row: SourceTable = {
      id,
      kind: entry.kind,
      site_id: site.id,
      ...columnsOf(draft),
      secret: draft.secret ? await deps.vault.seal(draft.secret, sourceContext(id, 'secret')) : null,
      token: await deps.vault.seal(token, sourceContext(id, 'token')),
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
      created_by: planning.by.id,
      updated_at: now,
    }
    const after = auditedSource(draft, { kind: entry.kind })
    steps.push(
      created(
        { ...found, notes },
        { rows: { source: [row] }, audit: [{ action: 'source.created', target: id, owner: site.id, after }] },
      ),
    )
  }
  return steps
}

async function planChange(
  planning: Planning,
  found: { readonly kind: 'source'; readonly name: string; readonly site: string; readonly path: string },
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
