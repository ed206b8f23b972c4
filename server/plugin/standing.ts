import { handlersInTrouble } from '../../db/queries/plugin-faults.ts'
import { pluginsOfSite, pluginStates, sitesForPlugins } from '../../db/queries/plugins.ts'
import { setting } from '../../db/queries/settings.ts'
import type { Db } from '../../db/db.ts'
import type { PluginStateTable, SiteTable } from '../../db/schema.ts'
import type { Loaded, Ready } from './loaded.ts'

/** What runs for one site, right now. */
export interface Standing {
  readonly site: Pick<SiteTable, 'id' | 'slug' | 'name' | 'state'>
  runs(slug: string): boolean
  /** How large a payload may be. */
  readonly mostBytes: number
  /** Whether the last run of this handler failed, so that a success is worth writing down. */
  isInTrouble(handler: string): boolean
}

interface Memory {
  readonly revision: number
  readonly states: ReadonlyMap<string, PluginStateTable>
  readonly troubled: ReadonlySet<string>
  readonly mostBytes: number
  /** Lists of a site's own plugins, as they are asked for. */
  readonly own: Map<string, ReadonlySet<string>>
}

const MOST_SITES = 2000

/** Whether a plugin is switched on for all sites: by somebody, or from the beginning. */
export const isOnForAll = ({ manifest }: Ready, state: PluginStateTable | undefined): boolean =>
  manifest.mustUse === true || (state ? state.network_active === 1 : manifest.defaultActive === true)

/**
 * Answers what runs where. It remembers, and asks each time whether that still holds: a revision, raised in every commit
 * that changes it, comes along with the site. So no answer is stale, on however many machines.
 */
export function standings(db: Db, loaded: ReadonlyMap<string, Loaded>) {
  let memory: Memory | null = null

  const refresh = async (revision: number): Promise<Memory> => {
    if (memory?.revision === revision && memory.own.size < MOST_SITES) return memory
    const [states, troubled, kib] = await Promise.all([
      pluginStates(db),
      handlersInTrouble(db),
      setting(db, 'payload_kib'),
    ])
    memory = {
      revision,
      states: new Map(states.map((state) => [state.slug, state])),
      troubled: new Set(troubled),
      mostBytes: Number(kib) * 1024,
      own: new Map(),
    }
    return memory
  }

  const standingOf = async (site: Standing['site'], revision: number): Promise<Standing> => {
    const { states, troubled, mostBytes, own } = await refresh(revision)
    let here = own.get(site.id)
    if (!here) own.set(site.id, (here = new Set(await pluginsOfSite(db, site.id))))
    const ofSite = here
    return {
      site,
      runs(slug) {
        const plugin = loaded.get(slug)
        const state = states.get(slug)
        if (plugin?.state !== 'ready' || (state && state.paused_at !== null)) return false
        return isOnForAll(plugin, state) || (plugin.manifest.scope === 'site' && ofSite.has(slug))
      },
      mostBytes,
      isInTrouble: (handler) => troubled.has(handler),
    }
  }

  return {
    /** By site id; sites that are gone are missing. */
    async of(ids: readonly string[]): Promise<ReadonlyMap<string, Standing>> {
      const rows = await sitesForPlugins(db, [...new Set(ids)])
      const list = await Promise.all(
        rows.map(async ({ revision, ...site }) => [site.id, await standingOf(site, Number(revision))] as const),
      )
      return new Map(list)
    },
  }
}

export type Standings = ReturnType<typeof standings>
