import { capabilities as ours, type Capability, type PluginCapability } from '../lib/actor.ts'
import type { Manifest } from './define.ts'
import type { GivenCapability } from './host.ts'
import type { Ready } from './loaded.ts'

/**
 * What a rule of a plugin asks for: a capability of the host, or one that its manifest declares. Throws a sentence for
 * anything else: a rule that nobody can meet would lock everybody out, unseen.
 */
export function capabilityOf(
  { slug, capabilities = [] }: Pick<Manifest, 'slug' | 'capabilities'>,
  rule: string,
): Capability | PluginCapability {
  if (capabilities.some(({ name }) => name === rule)) return `${slug}.${rule}`
  const known = ours.find((capability) => capability === rule)
  if (!known)
    throw new Error(`The rule ${rule} is no capability of the host, and the manifest declares none of that name.`)
  return known
}

/** What the plugins that are loaded let people do, by plugin. */
export const capabilitiesOf = (plugins: readonly Ready[]): readonly GivenCapability[] =>
  plugins.flatMap(({ slug, manifest }) =>
    (manifest.capabilities ?? []).map(({ name, title, roles = [] }) => ({
      name: `${slug}.${name}` as const,
      title,
      plugin: slug,
      pluginTitle: manifest.title,
      roles,
    })),
  )
