import { msg } from '../lib/message.ts'
import type { PluginEvent } from './define.ts'
import { failed, type Loaded } from './loaded.ts'

/** An event has one owner, and is emitted by others only as its owner allows. The first slug of the alphabet owns. */
export function knowEachOther(loaded: readonly Loaded[]): readonly Loaded[] {
  const owners = new Map<string, { slug: string; event: PluginEvent }>()
  const owned = loaded.map((plugin) => {
    if (plugin.state !== 'ready') return plugin
    for (const { event } of plugin.events) {
      const owner = owners.get(event.name)
      if (owner) {
        return failed(
          plugin.slug,
          plugin.manifest,
          msg('The event {name} belongs to {owner}.', { name: event.name, owner: owner.slug }),
        )
      }
    }
    for (const { event } of plugin.events) owners.set(event.name, { slug: plugin.slug, event })
    return plugin
  })
  return owned.map((plugin) => {
    for (const event of plugin.state === 'ready' ? (plugin.manifest.emits ?? []) : []) {
      if (owners.get(event.name)?.event !== event) {
        return failed(
          plugin.slug,
          plugin.manifest,
          msg('It emits {name}, which no loaded plugin owns.', { name: event.name }),
        )
      }
      if (!event.shared) {
        return failed(
          plugin.slug,
          plugin.manifest,
          msg('It emits {name}, which its owner does not share.', { name: event.name }),
        )
      }
    }
    return plugin
  })
}
