import { crashes, keepCrash } from '../../db/queries/plugin-crashes.ts'
import { pausePlugin, pluginsChanged } from '../../db/queries/plugins.ts'
import { MAIN_SITE } from '../../db/queries/sites.ts'
import { isoTime } from '../lib/clock.ts'
import { inEnglish, msg, type Message } from '../lib/message.ts'
import type { Engine } from '../webhooks/engine.ts'
import type { Core } from './core.ts'
import { recordFault, tellPaused } from './fault.ts'
import { isOnForAll } from './standing.ts'
import type { Watch } from './watch.ts'

export const WHILE_LOADING = msg(
  'The whole server ended while this plugin was loaded. It is left out until somebody resumes it and starts the server again.',
)
const whileRunning = (handler: string): Message => msg('The whole server ended while {handler} ran.', { handler })

/** Writes down which plugins took the last process down while they were loaded; gives all that must not be loaded now. */
export async function crashedAtLoad({ db, clock, log }: Engine, { left }: Watch): Promise<ReadonlySet<string>> {
  const fresh = left.filter(({ doing }) => doing === 'load')
  for (const { slug } of fresh) log.error('A plugin took the server down while it was loaded.', { plugin: slug })
  if (fresh.length > 0) await db.commit(fresh.map(({ slug }) => keepCrash(db, slug, clock())))
  return new Set(await crashes(db))
}

/** Pauses the plugin whose handler ran alone when the last process ended. */
export async function pauseCrashed(core: Core): Promise<void> {
  const { db, clock } = core.engine
  const [mark, ...more] = core.watch.left
  if (!mark || more.length > 0 || mark.doing === 'load') return
  const plugin = core.plugins.get(mark.slug)
  if (plugin?.state !== 'ready') return
  const reason = whileRunning(mark.doing)
  const at = clock()
  const handler = { slug: mark.slug, id: mark.doing }
  const error = new Error(inEnglish(reason))
  const fault = await recordFault(core, { handler, site: MAIN_SITE, event: null, error, ms: 0, apart: true })
  const defaults = { active: isOnForAll(plugin, undefined), version: plugin.manifest.version }
  await db.commit([
    ...pausePlugin(db, { slug: mark.slug, at, reason: JSON.stringify(reason) }, defaults),
    pluginsChanged(db),
  ])
  await tellPaused(core, {
    plugin: mark.slug,
    title: plugin.manifest.title,
    reason: inEnglish(reason),
    handler: mark.doing,
    fault_id: fault,
    fault: inEnglish(reason),
    paused_at: isoTime(at),
  })
}
