import { crashes } from '../../db/queries/plugin-crashes.ts'
import { lastFaults } from '../../db/queries/plugin-faults.ts'
import { pluginRowsOfSite, pluginStates } from '../../db/queries/plugins.ts'
import type { Core } from './core.ts'
import type { Roster } from './host.ts'
import { AT_NEXT_START, IN_SAFE_MODE, infoOf, unloaded } from './info.ts'
import { isOnForAll } from './standing.ts'
import { usable } from './switch.ts'
import { holdingsOf } from './uninstall.ts'

const FAULTS_SHOWN = 20

/** Which plugins there are, and where they run. `slugs` are those of all that are here, loaded or not. */
export function roster(core: Core, slugs: readonly string[]): Roster {
  const { db } = core.engine
  return {
    async plugins({ faults: withFaults = false } = {}) {
      if (core.safeMode) return slugs.map((slug) => unloaded(slug, IN_SAFE_MODE))
      const states = new Map((await pluginStates(db)).map((state) => [state.slug, state]))
      const left = new Set(await crashes(db))
      const faults = withFaults ? await lastFaults(db, slugs, FAULTS_SHOWN) : []
      return [...core.plugins.values()].map((plugin) => {
        const { slug } = plugin
        if (plugin.state === 'paused' && !left.has(slug)) return unloaded(slug, AT_NEXT_START)
        const own = faults.filter((fault) => fault.slug === slug).slice(0, FAULTS_SHOWN)
        return infoOf(plugin, states.get(slug), own)
      })
    },
    async pluginsAt(site) {
      const [states, rows] = await Promise.all([pluginStates(db), pluginRowsOfSite(db, site)])
      return core.ready
        .filter(({ manifest }) => manifest.scope === 'site')
        .map((plugin) => {
          const state = states.find(({ slug }) => slug === plugin.slug)
          const isOnHere = rows.some(({ slug, active }) => slug === plugin.slug && active === 1)
          return { ...infoOf(plugin, state, []), isOnHere, isOnForAll: isOnForAll(plugin, state) }
        })
        .sort((a, b) => a.title.localeCompare(b.title, 'en'))
    },
    async running(site) {
      const standing = await core.standings.at(site)
      return new Set(core.ready.map(({ slug }) => slug).filter((slug) => standing?.runs(slug)))
    },
    async isAvailable(type, site) {
      const owner = core.types.get(type)?.owner
      return owner !== undefined && ((await core.standings.at(site))?.runs(owner.slug) ?? false)
    },
    holdings: async (slug) => holdingsOf(core, usable(core, slug)),
  }
}
