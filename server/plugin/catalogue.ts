import { capabilitiesOf } from './capability.ts'
import type { Core } from './core.ts'
import type { Catalogue, EventType } from './host.ts'
import type { Ready } from './loaded.ts'
import { faultsIn } from './payload.ts'
import { checkSettings, sourceKindsOf } from './source-kind.ts'

/** What the loaded plugins bring. */
export function catalogue(core: Core): Catalogue {
  const types = core.ready.flatMap(eventTypesOf).sort(byPluginAndTitle)
  const byName = new Map(types.map((type) => [type.name, type]))
  const capabilities = capabilitiesOf(core.ready)
  const kinds = core.ready.flatMap(sourceKindsOf).sort((a, b) => a.title.localeCompare(b.title, 'en'))
  return {
    eventTypes: () => types,
    eventType: (name) => byName.get(name),
    capabilities: () => capabilities,
    sources: () => kinds,
    sourceSettings: (name, settings) => checkSettings(core.sources.get(name), settings),
    misfits(name, payload) {
      const type = core.types.get(name)
      return type ? faultsIn(type.event, payload) : []
    },
  }
}

const eventTypesOf = ({ manifest, events }: Ready): EventType[] =>
  events.map(({ event, schema }) => ({
    name: event.name,
    title: event.title,
    sentence: event.sentence,
    description: event.description,
    lane: event.lane,
    plugin: manifest.slug,
    pluginTitle: manifest.title,
    shared: event.shared,
    sample: JSON.parse(JSON.stringify(event.sample)) as EventType['sample'],
    schema,
  }))

const byPluginAndTitle = (a: EventType, b: EventType): number =>
  a.pluginTitle.localeCompare(b.pluginTitle, 'en') || a.title.localeCompare(b.title, 'en')
