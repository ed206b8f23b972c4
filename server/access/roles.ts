import { can, type Actor, type Capability, type Owner, type PluginCapability } from '../lib/actor.ts'
import { capabilities } from '../lib/actor.ts'
import type { Role } from '../../db/schema.ts'
import type { GivenCapability } from '../plugin/host.ts'

export const roles = ['super_admin', 'integration_admin', 'site_admin', 'viewer'] as const satisfies readonly Role[]

const integrations: readonly Capability[] = [
  'webhooks:read',
  'webhooks:write',
  'webhooks:secrets',
  'deliveries:read',
  'deliveries:write',
  'events:read',
]

/** What each role may do. A site admin may do the same as an integration admin, and more with plugins and keys, on the own site. */
const allowed: Readonly<Record<Role, ReadonlySet<Capability>>> = {
  super_admin: new Set(capabilities),
  integration_admin: new Set(integrations),
  site_admin: new Set<Capability>([...integrations, 'plugins:write', 'keys:write']),
  viewer: new Set<Capability>(['webhooks:read', 'deliveries:read', 'events:read']),
}

/** Whether a role has what a plugin adds. */
export const roleHas = (role: Role, { roles }: Pick<GivenCapability, 'roles'>): boolean =>
  role === 'super_admin' || roles.includes(role)

type Rights = Readonly<Record<Role, ReadonlySet<Capability | PluginCapability>>>

/** What each role may do, with what plugins add. */
export const rightsWith = (given: readonly GivenCapability[]): Rights => {
  const names = (role: Role) => given.filter((one) => roleHas(role, one)).map(({ name }) => name)
  const all = roles.map((role) => [role, new Set([...allowed[role], ...names(role)])])
  return Object.fromEntries(all) as Rights
}

/** Whether a role may do something at all, be it on one site. */
export const roleMay = (role: Role, capability: Capability): boolean => allowed[role].has(capability)

/** What a key can be given at most: secrets are for people only, and people switch the plugins of a site. */
const forPeople: readonly Capability[] = ['webhooks:secrets', 'plugins:write']
export const scopes: readonly Capability[] = capabilities.filter((capability) => !forPeople.includes(capability))

/** What a role allows and where; nothing at all for a site admin without a site. */
export function rightsOf(role: Role, siteId: string): { capabilities: ReadonlySet<Capability>; owner: Owner } {
  if (role !== 'site_admin') return { capabilities: allowed[role] ?? new Set(), owner: 'network' }
  return { capabilities: siteId === 'network' ? new Set() : allowed.site_admin, owner: siteId }
}

/**
 * What a key would have to hold to let somebody in with this role: all that the role may do, as far as keys can at all. None
 * for people, whose routes ask for enough.
 */
export const lackedFor = (actor: Actor, role: Role): Capability[] =>
  actor.kind === 'user' ? [] : scopes.filter((scope) => allowed[role].has(scope) && !can(actor, scope, 'network'))

/** The part of `wanted` that somebody may hand on to a key of this owner. A key makes no keys that make keys. */
export const grantable = (actor: Actor, wanted: readonly string[], owner: Owner): Capability[] =>
  scopes.filter(
    (scope) => wanted.includes(scope) && can(actor, scope, owner) && !(actor.kind === 'key' && scope === 'keys:write'),
  )
