import type { Capability } from '../lib/actor.ts'

/** Something that people may be allowed to do with a plugin. The whole network calls it `<slug>.<name>`. */
export interface CapabilityAbout {
  /** `^[a-z][a-z0-9_]{0,39}$`; rules of this plugin call it so. */
  readonly name: string
  /** What it allows, for the table of roles: "Send greetings". */
  readonly title: string
  /** Who has it besides super admins; a site admin has it on the own site. */
  readonly roles?: readonly ('integration_admin' | 'site_admin' | 'viewer')[]
}

/** What a rule may ask for: a capability of the host, or one that the manifest declares. */
export type RuleOf<M> =
  | Capability
  | (M extends { readonly capabilities: readonly { readonly name: infer Name extends string }[] } ? Name : never)

/** Who is looking, or who sent a form. */
export interface Visitor<M> {
  readonly name: string
  /** Whether this person may do that on this site. */
  may(capability: RuleOf<M>): boolean
}

/**
 * Who may come: people with this capability, or anybody. Without either only super admins. What is public is asked at
 * `/plugins/<slug>/…` too, without a log-in, gets no cookie, and is answered under a policy that lets no script run.
 */
export type Access<M = unknown> =
  { readonly rule?: RuleOf<M>; readonly public?: never } | { readonly rule?: never; readonly public: true }
