import type { Capability } from '../lib/actor.ts'

/** Something that people can be allowed to do with a plugin. Outside the plugin it is called `<slug>.<name>`. */
export interface CapabilityAbout {
  /** Matches `^[a-z][a-z0-9_]{0,39}$`. The plugin's own rules use this name. */
  readonly name: string
  /** What it allows, for the table of roles: "Send greetings". */
  readonly title: string
  /** Who has it besides super admins. A site admin has it on their own site. */
  readonly roles?: readonly ('integration_admin' | 'site_admin' | 'viewer')[]
}

/** What a rule can require: a capability of the host, or one that the manifest declares. */
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
 * Who has access: people with this capability, or everybody; with neither, only super admins. What is public is also
 * served at `/plugins/<slug>/…` without a log-in. It gets no cookie there, and its policy lets no script run.
 */
export type Access<M = unknown> =
  { readonly rule?: RuleOf<M>; readonly public?: never } | { readonly rule?: never; readonly public: true }
