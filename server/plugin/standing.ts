import { pluginGuards } from '../../db/queries/guards.ts'
import { handlersInTrouble } from '../../db/queries/plugin-faults.ts'
import { mutedHandlers } from '../../db/queries/mutes.ts'
import { isOnAnywhere, NO_VERSION, pluginRowsOfSite, pluginStates, sitesForPlugins } from '../../db/queries/plugins.ts'
import { setting } from '../../db/queries/settings.ts'
import { MAIN_SITE } from '../../db/queries/sites.ts'
import type { Db } from '../../db/db.ts'
import type { PluginGuardTable, PluginSiteTable, PluginStateTable, SiteTable } from '../../db/schema.ts'
import type { Vault } from '../webhooks/engine.ts'
import type { Loaded, Ready } from './loaded.ts'
import { resolveSettings, type ResolvedSettings } from './settings.ts'

/** What runs for one site, right now. */
export interface Standing {
  readonly site: Pick<SiteTable, 'id' | 'slug' | 'name' | 'state'>
  runs(slug: string): boolean
  /** How large a payload may be. */
  readonly mostBytes: number
  /** Whether a super admin wants this handler not to run. */
  isMuted(handler: string): boolean
  /** The guards that are in force here, muted ones left out, with whether their plugin can run them. */
  readonly guards: readonly (PluginGuardTable & { readonly paused: boolean; readonly runs: boolean })[]
  /** Whether the last run of this handler failed, so that a success is worth writing down. */
  isInTrouble(handler: string): boolean
  /** The settings of a plugin as they hold here, secrets opened. */
  settings(slug: string): Promise<ResolvedSettings>
  /** The secret ones of them, as far as anybody asked for settings: values that must not get out. */
  secrets(slug: string): readonly string[]
  /** The plugins whose steps have all run here, as far as that was looked at; see `mayRun`. */
  readonly upToDate: Set<string>
  /** The version that the plugin's steps were at when this was read; it may be higher by now. */
  version(slug: string): string
}

interface Memory {
  readonly revision: number
  readonly states: ReadonlyMap<string, PluginStateTable>
  readonly troubled: ReadonlySet<string>
  readonly mostBytes: number
  readonly muted: ReadonlySet<string>
  readonly guards: readonly PluginGuardTable[]
  /** Lists of a site's own plugins, as they are asked for. */
  readonly own: Map<string, Own>
}

interface Own {
  readonly rows: ReadonlyMap<string, PluginSiteTable>
  readonly settings: Map<string, Promise<ResolvedSettings>>
  readonly secrets: Map<string, readonly string[]>
  readonly upToDate: Set<string>
}

const nothing: ResolvedSettings = { values: {}, secrets: [] }

const MOST_SITES = 2000

/** Whether a plugin is switched on for all sites: by somebody, or from the beginning. */
export const isOnForAll = ({ manifest }: Ready, state: PluginStateTable | undefined): boolean =>
  manifest.mustUse === true || (state ? state.network_active === 1 : manifest.defaultActive === true)

/**
 * Answers what runs where. It remembers, and asks each time whether that still holds: a revision, raised in every commit
 * that changes it, comes along with the site. So no answer is stale, on however many machines.
 */
export function standings(
  { db, vault }: { readonly db: Db; readonly vault: Vault },
  loaded: ReadonlyMap<string, Loaded>,
) {
  let memory: Memory | null = null

  const refresh = async (revision: number): Promise<Memory> => {
    if (memory?.revision === revision && memory.own.size < MOST_SITES) return memory
    const [states, troubled, muted, guards, kib] = await Promise.all([
      pluginStates(db),
      handlersInTrouble(db),
      mutedHandlers(db),
      pluginGuards(db),
      setting(db, 'payload_kib'),
    ])
    memory = {
      revision,
      states: new Map(states.map((state) => [state.slug, state])),
      troubled: new Set(troubled),
      mostBytes: Number(kib) * 1024,
      muted: new Set(muted.map(({ handler }) => handler)),
      guards,
      own: new Map(),
    }
    return memory
  }

  const standingOf = async (site: Standing['site'], revision: number): Promise<Standing> => {
    const { states, troubled, muted, guards, mostBytes, own } = await refresh(revision)
    let here = own.get(site.id)
    if (!here) {
      const rows = await pluginRowsOfSite(db, site.id)
      here = {
        rows: new Map(rows.map((row) => [row.slug, row])),
        settings: new Map(),
        secrets: new Map(),
        upToDate: new Set(),
      }
      own.set(site.id, here)
    }
    const { rows, settings, secrets, upToDate } = here
    const isOnHere = (slug: string) => rows.get(slug)?.active === 1
    const isPaused = (slug: string) => (states.get(slug)?.paused_at ?? null) !== null
    const runs = (slug: string) => {
      const plugin = loaded.get(slug)
      if (plugin?.state !== 'ready' || isPaused(slug)) return false
      return isOnForAll(plugin, states.get(slug)) || (plugin.manifest.scope === 'site' && isOnHere(slug))
    }
    /** Of a plugin that is missing, what it said when it was there has to do. */
    const isOn = ({ slug, on_by_default: byDefault }: PluginGuardTable) => {
      const plugin = loaded.get(slug)
      if (plugin?.state === 'ready') return isOnForAll(plugin, states.get(slug)) || isOnHere(slug)
      return (states.get(slug)?.network_active ?? byDefault) === 1 || isOnHere(slug)
    }
    return {
      site,
      runs,
      mostBytes,
      isMuted: (handler) => muted.has(handler),
      guards: guards
        .filter((guard) => !muted.has(guard.handler) && isOn(guard))
        .map((guard) => ({ ...guard, paused: isPaused(guard.slug), runs: runs(guard.slug) })),
      isInTrouble: (handler) => troubled.has(handler),
      settings(slug) {
        const plugin = loaded.get(slug)
        if (plugin?.state !== 'ready' || !plugin.manifest.settings) return Promise.resolve(nothing)
        let known = settings.get(slug)
        if (!known) {
          const texts = { network: states.get(slug)?.settings, site: rows.get(slug)?.settings, siteId: site.id }
          known = resolveSettings(vault, plugin, texts).then((resolved) => {
            secrets.set(slug, resolved.secrets)
            return resolved
          })
          settings.set(slug, known)
        }
        return known
      },
      secrets: (slug) => secrets.get(slug) ?? [],
      upToDate,
      version: (slug) => rows.get(slug)?.version ?? NO_VERSION,
    }
  }

  const of = async (ids: readonly string[]): Promise<ReadonlyMap<string, Standing>> => {
    const rows = await sitesForPlugins(db, [...new Set(ids)])
    const list = await Promise.all(
      rows.map(async ({ revision, ...site }) => [site.id, await standingOf(site, Number(revision))] as const),
    )
    return new Map(list)
  }

  const at = async (site: string): Promise<Standing | undefined> => (await of([site])).get(site)

  return {
    /** By site id; sites that are gone are missing. */
    of,
    /** Of one site; undefined if it is gone. */
    at,
    /** Of the main site, if the plugin runs for any site at all. For what belongs to no site, such as a format. */
    async anywhere(slug: string): Promise<Standing | undefined> {
      const main = await at(MAIN_SITE)
      if (!main || main.runs(slug)) return main
      const plugin = loaded.get(slug)
      const isPaused = (memory?.states.get(slug)?.paused_at ?? null) !== null
      if (plugin?.state !== 'ready' || isPaused || plugin.manifest.scope !== 'site') return undefined
      return (await isOnAnywhere(db, slug)) ? main : undefined
    },
  }
}

export type Standings = ReturnType<typeof standings>
