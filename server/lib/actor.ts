/** What a person or a key may do. API scopes and the capabilities of roles are one vocabulary. */
export const capabilities = [
  'events:read',
  'events:write',
  'webhooks:read',
  'webhooks:write',
  'webhooks:secrets',
  'plugins:write',
  'deliveries:read',
  'deliveries:write',
  'network:read',
  'network:write',
  'keys:write',
  'metrics:read',
  'privacy:write',
] as const
export type Capability = (typeof capabilities)[number]

/** What a plugin lets people do besides: `<slug>.<name>`. Keys never have one. */
export type PluginCapability = `${string}.${string}`

/** Whose a thing is: the network's, or a site's (`sit_…`). */
export type Owner = 'network' | (string & {})

/** Who is asking. `owner` bounds the actor: one of a site never reaches another site, nor the network's own things. */
export interface Actor {
  readonly kind: 'user' | 'key'
  readonly id: string
  readonly name: string
  readonly owner: Owner
  readonly capabilities: ReadonlySet<Capability | PluginCapability>
  readonly address: string
}

/** Who did something, as the audit log names them. */
export type By = Pick<Actor, 'id' | 'name' | 'address'>

/** What happens by itself. */
export const HOOKLINE: By = { id: 'hookline', name: 'Hookline', address: '' }

/** Whether the actor may do this to what belongs to `owner`. The only place where this is decided. */
export const can = (actor: Actor, capability: Capability | PluginCapability, owner: Owner): boolean =>
  actor.capabilities.has(capability) && (actor.owner === 'network' || actor.owner === owner)

/** Somebody who is logged in, as plugins know them. */
export interface Visitor {
  readonly name: string
  /** Whether they may do this where they are: what a page offers, its route has to let them do. */
  may(capability: Capability | PluginCapability): boolean
}
