import { askGuardsAgain } from '../../db/queries/guards.ts'
import { forgetCrash } from '../../db/queries/plugin-crashes.ts'
import {
  pausePlugin,
  pluginStates,
  pluginsChanged,
  resumePlugin,
  switchPlugin,
  switchPluginForSite,
} from '../../db/queries/plugins.ts'
import { mustNotGo, pluginToRemove } from '../../db/queries/uninstall.ts'
import { fail, notFound } from '../lib/errors.ts'
import { msg, type Message } from '../lib/message.ts'
import type { Core } from './core.ts'
import type { Switching } from './host.ts'
import type { Ready } from './loaded.ts'
import { isOnForAll } from './standing.ts'
import { uninstall } from './uninstall.ts'

/** A plugin that could be loaded. Throws `not_found`, `conflict`. */
export function usable({ plugins }: Core, slug: string): Ready {
  const plugin = plugins.get(slug)
  if (!plugin) throw notFound()
  if (plugin.state !== 'ready')
    throw fail('conflict', 'The plugin {plugin} cannot run; see its reason.', { plugin: slug })
  return plugin
}

/** One that people may switch. */
function switchable(core: Core, slug: string): Ready {
  const plugin = usable(core, slug)
  if (!plugin.manifest.mustUse) return plugin
  throw fail('conflict', 'The plugin {plugin} is always on.', { plugin: plugin.manifest.title })
}

const pausedBy = (name: string): Message => msg('{name} paused it.', { name })

/** Whether it was a person who paused a plugin, for this reason, and not its faults. */
export const isByPerson = (reason: Message | null): boolean => reason?.text === pausedBy('').text

/** What people do with a plugin as a whole: each gives statements for the commit of the caller. */
export function switching(core: Core): Switching {
  const { db, clock } = core.engine

  const turn = async (slug: string, on: boolean, site: string | undefined) => {
    const plugin = switchable(core, slug)
    const { manifest } = plugin
    if (on && (await pluginToRemove(db)) === slug) {
      throw fail('conflict', 'The plugin {plugin} is being removed. Try again in a moment.', { plugin: manifest.title })
    }
    const guard = on ? [mustNotGo(db, slug)] : []
    if (site === undefined) return [...guard, switchPlugin(db, slug, manifest.version, on), pluginsChanged(db)]
    if (manifest.scope === 'network') {
      throw fail('conflict', 'The plugin {plugin} is active for all sites or for none.', { plugin: manifest.title })
    }
    const state = on ? undefined : (await pluginStates(db)).find((one) => one.slug === slug)
    if (!on && isOnForAll(plugin, state)) {
      const hint = { plugin: manifest.title }
      throw fail('conflict', 'The plugin {plugin} is active for all sites. Deactivate it for all of them first.', hint)
    }
    return [...guard, switchPluginForSite(db, slug, site, on), pluginsChanged(db)]
  }

  return {
    activate: (slug, site) => turn(slug, true, site),
    deactivate: (slug, site) => turn(slug, false, site),
    async pause(slug, by) {
      const plugin = switchable(core, slug)
      const reason = JSON.stringify(pausedBy(by))
      const defaults = { active: isOnForAll(plugin, undefined), version: plugin.manifest.version }
      return [...pausePlugin(db, { slug, at: clock(), reason }, defaults), pluginsChanged(db)]
    },
    async resume(slug) {
      if (core.plugins.get(slug)?.state === 'paused') return [forgetCrash(db, slug)]
      usable(core, slug)
      for (const key of core.failedUpgrades.keys()) if (key.startsWith(`${slug}/`)) core.failedUpgrades.delete(key)
      return [...resumePlugin(db, slug), askGuardsAgain(db, slug), pluginsChanged(db)]
    },
    uninstall: async (slug) => uninstall(core, switchable(core, slug)),
  }
}
