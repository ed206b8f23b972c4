import { mutedHandlers } from '../../db/queries/mutes.ts'
import { pluginStates } from '../../db/queries/plugins.ts'
import type { Core } from './core.ts'
import type { HookInfo, HookKind } from './insight.ts'
import type { Handler, Ordered, Ready } from './loaded.ts'
import { isOnForAll } from './standing.ts'

/** Every handler of every plugin that loaded, by what it runs on and, there, in the order in which they run. */
export async function hooksOf(core: Core): Promise<HookInfo[]> {
  const { db } = core.engine
  const muted = new Map((await mutedHandlers(db)).map((row) => [row.handler, { by: row.muted_by, at: row.muted_at }]))
  const states = new Map((await pluginStates(db)).map((state) => [state.slug, state]))
  const info = (kind: HookKind, on: string, handler: Handler, priority: number | null = null): HookInfo[] => {
    const plugin = core.plugins.get(handler.slug)
    if (plugin?.state !== 'ready') return []
    const state = states.get(handler.slug)
    const standing = state && state.paused_at !== null ? 'paused' : isOnForAll(plugin, state) ? 'active' : 'inactive'
    const about = { plugin: handler.slug, title: plugin.manifest.title, state: standing } as const
    const [tally, mute] = [core.tallies.get(handler.id) ?? null, muted.get(handler.id) ?? null]
    return [{ handler: handler.id, kind, on, priority, ...about, tally, muted: mute }]
  }
  const inOrder = (kind: HookKind, lists: ReadonlyMap<string, readonly Ordered[]>) =>
    [...lists]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .flatMap(([name, list]) => list.flatMap((handler) => info(kind, name, handler, handler.priority)))
  const ofEach = <H extends Handler>(
    kind: HookKind,
    pick: (plugin: Ready) => readonly H[],
    on: (handler: H) => string,
  ) => core.ready.flatMap((plugin) => pick(plugin).flatMap((handler) => info(kind, on(handler), handler)))
  return [
    ...inOrder('filter', core.filters),
    ...inOrder('listener', core.listeners),
    ...ofEach(
      'cron',
      ({ crons }) => crons,
      ({ pattern }) => pattern,
    ),
    ...ofEach(
      'source',
      ({ sources }) => sources,
      ({ name }) => name,
    ),
    ...ofEach(
      'route',
      ({ routes }) => routes,
      ({ pattern }) => `POST ${pattern}`,
    ),
    ...ofEach(
      'page',
      ({ pages }) => pages,
      ({ path }) => path,
    ),
    ...ofEach(
      'format',
      ({ formats }) => formats,
      ({ name }) => name,
    ),
    ...ofEach(
      'check',
      ({ checks }) => checks,
      ({ id }) => id.slice(id.indexOf(':') + 1),
    ),
    ...ofEach(
      'widget',
      ({ widgets }) => widgets,
      ({ about }) => about.title,
    ),
  ]
}
