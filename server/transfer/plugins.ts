import { NO_VERSION, pluginStates } from '../../db/queries/plugins.ts'
import { everyPluginSite } from '../../db/queries/set-up.ts'
import type { PluginSiteTable, PluginStateTable } from '../../db/schema.ts'
import type { AuditEntry } from '../access/audit.ts'
import { AppError, type FieldError } from '../lib/errors.ts'
import type { JsonObject } from '../lib/json.ts'
import { msg } from '../lib/message.ts'
import type { PluginInfo } from '../plugin/host.ts'
import { isSwitchedOn, isThere } from './export.ts'
import type { PluginEntry } from './file.ts'
import {
  below,
  differences,
  newSecret,
  noSuchSite,
  refused,
  settled,
  twice,
  type Difference,
  type Planning,
  type Step,
} from './step.ts'

/** What is here, and which plugins the file has named so far. */
interface Here {
  readonly infos: ReadonlyMap<string, PluginInfo>
  readonly states: ReadonlyMap<string, PluginStateTable>
  readonly places: readonly PluginSiteTable[]
  readonly seen: Set<string>
}

/** Which plugins run where, and their settings. What a file does not set stays as it is. */
export async function planPlugins(planning: Planning): Promise<Step[]> {
  const { deps, setUp } = planning
  if (setUp.plugins.length === 0) return []
  const [infos, states, places] = await Promise.all([
    deps.host.plugins(),
    pluginStates(deps.db),
    everyPluginSite(deps.db),
  ])
  const here: Here = {
    infos: new Map(infos.map((info) => [info.slug, info])),
    states: new Map(states.map((state) => [state.slug, state])),
    places,
    seen: new Set(),
  }
  const steps: Step[] = []
  for (const [index, entry] of setUp.plugins.entries())
    steps.push(await planOne(planning, here, entry, `plugins.${index}`))
  return steps
}

async function planOne(planning: Planning, here: Here, entry: PluginEntry, path: string): Promise<Step> {
  const { slug } = entry
  const info = here.infos.get(slug)
  const found = { kind: 'plugin', name: info?.title ?? slug, path } as const
  const errors = wrongPlugin(planning, path, entry, info)
  if (here.seen.has(slug)) errors.push(twice(`${path}.slug`))
  here.seen.add(slug)
  if (!info || errors.length > 0) return refused(found, errors)

  const state = here.states.get(slug)
  const network = await planPlace(planning, info, null, entry, {
    active: isSwitchedOn(info, state),
    settings: state?.settings ?? '{}',
  })
  const sites: Planned[] = []
  for (const [site, given] of Object.entries(entry.sites ?? {})) {
    const siteId = planning.sites.get(site)?.id
    const place = here.places.find((one) => one.slug === slug && one.site_id === siteId)
    const current = { active: place?.active === 1, settings: place?.settings ?? '{}' }
    sites.push(await planPlace(planning, info, site, given, current))
  }
  const all = [network, ...sites]
  const wrong = all.flatMap((place) => place.errors)
  if (wrong.length > 0) return refused(found, below(path, wrong))
  const isChanged = ({ changes }: Planned) => changes.length > 0
  const changes = all.flatMap((place) => place.changes)
  return settled(planning, found, changes, () => ({
    rows: {
      plugin_state: isChanged(network) ? [stateRow(info, state, network)] : [],
      plugin_site: sites.filter(isChanged).map((place) => siteRow(info, place)),
    },
    audit: all.flatMap((place) => place.audit),
  }))
}

function wrongPlugin(
  { sites }: Planning,
  path: string,
  entry: PluginEntry,
  info: PluginInfo | undefined,
): FieldError[] {
  const at = (field: string, message: FieldError['message']) => ({ path: `${path}.${field}`, message })
  if (!info) return [at('slug', msg('There is no plugin {plugin} here.', { plugin: entry.slug.slice(0, 80) }))]
  if (!isThere(info)) {
    return [at('slug', info.reason ?? msg('The plugin {plugin} cannot run; see its reason.', { plugin: info.slug }))]
  }
  const slugs = Object.keys(entry.sites ?? {})
  const errors = slugs
    .filter((slug) => !sites.has(slug))
    .map((slug) => noSuchSite(`${path}.sites.${slug.slice(0, 80)}`))
  if (entry.active === false && info.mustUse)
    errors.push(at('active', msg('The plugin {plugin} is always on.', { plugin: info.title })))
  if (slugs.length > 0 && info.scope === 'network')
    errors.push(at('sites', msg('The plugin {plugin} is active for all sites or for none.', { plugin: info.title })))
  return errors
}

interface Planned {
  readonly site: string
  readonly active: boolean
  /** The column of its settings, as it would be. */
  readonly settings: string
  readonly changes: readonly Difference[]
  readonly audit: readonly AuditEntry[]
  readonly errors: readonly FieldError[]
}

/** One plugin at one place: the network (null), or a site by its slug. */
async function planPlace(
  { deps, sites, secrets }: Planning,
  { slug }: PluginInfo,
  site: string | null,
  given: { readonly active?: boolean | undefined; readonly settings?: JsonObject | undefined },
  here: { readonly active: boolean; readonly settings: string },
): Promise<Planned> {
  const siteId = site === null ? null : (sites.get(site)?.id ?? null)
  const owner = siteId ?? 'network'
  const prefix = site === null ? '' : `sites.${site}.`
  const stored = await deps.host.setSettings(slug, siteId)
  const own = secrets?.plugins[slug]
  const plain = (site === null ? own?.network : own?.sites?.[site]) ?? {}
  const changedSecrets = Object.keys(plain).filter((name) => plain[name] !== stored.secrets[name])
  const changedValues = differences(stored.values, given.settings ?? {})
  const active = given.active ?? here.active
  const changes = [
    ...differences({ active: here.active }, { active }),
    ...changedValues.map((one) => ({ ...one, field: `settings.${one.field}` })),
    ...changedSecrets.map((name) => newSecret(`settings.${name}`, name in stored.secrets)),
  ].map((one) => ({ ...one, field: prefix + one.field }))
  const planned = { site: owner, active, settings: here.settings, changes, audit: [], errors: [] }
  const audit: AuditEntry[] = []
  if (active !== here.active)
    audit.push({ action: active ? 'plugin.activated' : 'plugin.deactivated', target: slug, owner })
  if (changedValues.length + changedSecrets.length === 0) return { ...planned, audit }
  const set = {
    ...Object.fromEntries(changedValues.map(({ field, after }) => [field, after])),
    ...Object.fromEntries(changedSecrets.map((name) => [name, plain[name]])),
  }
  try {
    const { before, after, stored: settings } = await deps.host.changeSettings(slug, siteId, set)
    audit.push({ action: 'plugin.configured', target: slug, owner, before, after })
    return { ...planned, settings, audit }
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    const errors = error.errors.length > 0 ? error.errors : [{ path: 'slug', message: error.detail }]
    return { ...planned, errors: below(prefix.slice(0, -1), errors) }
  }
}

const stateRow = (info: PluginInfo, state: PluginStateTable | undefined, place: Planned): PluginStateTable => ({
  slug: info.slug,
  network_active: place.active ? 1 : 0,
  installed_version: info.version,
  paused_at: state?.paused_at ?? null,
  paused_reason: state?.paused_reason ?? null,
  settings: place.settings,
  removing_at: null,
})

const siteRow = (info: PluginInfo, place: Planned): PluginSiteTable => ({
  slug: info.slug,
  site_id: place.site,
  active: place.active ? 1 : 0,
  version: NO_VERSION,
  settings: place.settings,
})
