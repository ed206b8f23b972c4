import { baseContext, readPart } from './context.ts'
import { demandNoSecret } from './secret.ts'
import type { Core } from './core.ts'
import { visitorOf } from './answer.ts'
import { handle } from './handle.ts'
import type { Visitor } from '../lib/actor.ts'
import type { WidgetBox } from './insight.ts'
import type { Ready, Widget } from './loaded.ts'
import { mayRun } from './upgrade.ts'

/** Loads the boxes of all plugins that run for a site, all at once. One that fails says so in its place. */
export async function loadWidgets(core: Core, site: string, actor: Visitor): Promise<WidgetBox[]> {
  const standing = await core.standings.at(site)
  if (!standing || core.safeMode) return []
  const widgets: { plugin: Ready; widget: Widget }[] = []
  for (const plugin of core.ready) {
    if (plugin.widgets.length === 0 || !(await mayRun(core, plugin, standing))) continue
    widgets.push(...plugin.widgets.map((widget) => ({ plugin, widget })))
  }
  return Promise.all(
    widgets
      .filter(({ widget: { id, rule } }) => !standing.isMuted(id) && actor.may(rule ?? 'network:write'))
      .map(async ({ plugin, widget }) => {
        const { title, template } = widget.about
        const about = { id: widget.id, title, template: `@${plugin.slug}/${template}` }
        const handled = await handle(core, {
          handler: widget,
          standing,
          limit: core.limits.widget,
          run: async (_, signal) => {
            const data: unknown = await widget.load({
              ...baseContext(core, plugin, standing, signal),
              actor: visitorOf(plugin, actor),
              ...(await readPart(core, plugin, standing)),
            })
            if (data === null || typeof data !== 'object')
              throw new Error('load has to give an object: what the template may see.')
            demandNoSecret(data, standing.secrets(plugin.slug), `what the box ${widget.id} shows`)
            return { ...data }
          },
        })
        return handled.ok
          ? { ...about, data: handled.value, fault: null }
          : { ...about, data: null, fault: handled.fault }
      }),
  )
}
