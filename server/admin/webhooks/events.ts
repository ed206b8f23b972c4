import { siteFor } from '../../../db/queries/sites.ts'
import type { Deps } from '../../deps.ts'
import type { Owner } from '../../lib/actor.ts'
import type { EventType } from '../../plugin/host.ts'
import type { Translator } from '../../web/i18n.ts'

/** An event as the picker shows it; `available` is false while its plugin does not run. */
interface Choice {
  readonly name: string
  readonly title: string
  readonly sentence: string
  readonly lane: EventType['lane']
  readonly chosen: boolean
  readonly available: boolean
}

export interface EventGroup {
  readonly title: string
  readonly open: boolean
  readonly events: readonly Choice[]
  /** How many more there would be if their plugin ran: those cannot be chosen. */
  readonly waiting?: number
}

/** So many events of a plugin are all seen at once; of more, one opens what one looks for. */
const FEW = 10

/**
 * All events to choose from, by plugin; in front those that were chosen and that no plugin sends any more. Of plugins that
 * do not run, only those that were chosen.
 */
export async function eventGroups(
  deps: Deps,
  t: Translator,
  owner: Owner,
  chosen: readonly string[],
): Promise<EventGroup[]> {
  const types = deps.host.eventTypes()
  const site = siteFor(owner)
  const running = await deps.host.running(site)
  const plugins = [...Map.groupBy(types, (type) => type.plugin)].map(([slug, ofPlugin]) => ({
    title: t(/* translated elsewhere */ ofPlugin[0]?.pluginTitle ?? ''),
    available: running.has(slug),
    types: ofPlugin,
  }))
  const gone = chosen.filter((name) => !deps.host.eventType(name))
  return [
    ...(gone.length > 0
      ? [{ title: t('No longer there'), open: true, events: gone.map((name) => goneEvent(t, name)) }]
      : []),
    ...plugins.map(({ title, available, types: ofPlugin }) => {
      const shown = available ? ofPlugin : ofPlugin.filter(({ name }) => chosen.includes(name))
      return {
        title,
        open: shown.length <= FEW,
        waiting: ofPlugin.length - shown.length,
        events: shown.map((type) => ({
          name: type.name,
          title: t(/* translated elsewhere */ type.title),
          sentence: t(/* translated elsewhere */ type.sentence),
          lane: type.lane,
          chosen: chosen.includes(type.name),
          available,
        })),
      }
    }),
  ]
}

const goneEvent = (t: Translator, name: string): Choice => ({
  name,
  title: name,
  sentence: t('No plugin here sends it any more.'),
  lane: 'realtime',
  chosen: true,
  available: true,
})

/** So many of the events of a webhook are explained on its own page. */
const MOST_EXPLAINED = 12

/**
 * Events with what they mean, by plugin, for the bottom of the page; their payloads stand on pages of their own, and are
 * fetched from there when somebody opens them. Where a webhook is to be made that is every event, else some that it has.
 */
export const eventReference = (deps: Deps, t: Translator, chosen: readonly string[] | null) =>
  [...Map.groupBy(explained(deps, chosen), ({ plugin }) => plugin)].map(([slug, list]) => ({
    title: t(/* translated elsewhere */ list[0]?.pluginTitle ?? slug),
    events: list.map((type) => ({
      name: type.name,
      title: t(/* translated elsewhere */ type.title),
      description: t(/* translated elsewhere */ type.description),
    })),
  }))

function explained({ host }: Deps, chosen: readonly string[] | null): readonly EventType[] {
  if (chosen === null) return host.eventTypes()
  return chosen.flatMap((name) => host.eventType(name) ?? []).slice(0, MOST_EXPLAINED)
}
