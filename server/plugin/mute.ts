import { askGuardsAgain, pluginGuards } from '../../db/queries/guards.ts'
import { muteHandler, unmuteHandler } from '../../db/queries/mutes.ts'
import { pluginsChanged } from '../../db/queries/plugins.ts'
import { notFound } from '../lib/errors.ts'
import type { Core } from './core.ts'
import { guardsToShow } from './guard.ts'
import { hooksOf } from './hooks.ts'
import type { Muting } from './host.ts'
import { handlersOf } from './loaded.ts'

/** What people see of single handlers, and how they switch one off. */
export function muting(core: Core): Muting {
  const { db, clock } = core.engine

  /** The plugin of a handler that is there, or that guards although it is missing. */
  const ownerOf = async (handler: string): Promise<string> => {
    const known = core.ready.some((plugin) => handlersOf(plugin).some(({ id }) => id === handler))
    if (!known && !(await pluginGuards(db)).some((guard) => guard.handler === handler)) throw notFound()
    return handler.slice(0, handler.indexOf('/'))
  }

  return {
    hooks: () => hooksOf(core),
    begun: core.begun,
    guards: () => guardsToShow(core),
    async mute(handler, by) {
      const slug = await ownerOf(handler)
      return [muteHandler(db, { handler, slug, at: clock(), by }), askGuardsAgain(db, slug), pluginsChanged(db)]
    },
    async unmute(handler) {
      await ownerOf(handler)
      return [unmuteHandler(db, handler), pluginsChanged(db)]
    },
  }
}
