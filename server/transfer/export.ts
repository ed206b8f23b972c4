import {
  everybody,
  everyPluginSite,
  everySecret,
  everySite,
  everySource,
  everyWebhook,
} from '../../db/queries/set-up.ts'
import type { WebhookSecret } from '../../db/queries/webhook-secrets.ts'
import { pluginStates } from '../../db/queries/plugins.ts'
import { auditEntry } from '../access/audit.ts'
import { bounds, networkSettings, readNetworkSettings, type NetworkSettings } from '../access/network-settings.ts'
import { can, type Actor } from '../lib/actor.ts'
import { fail } from '../lib/errors.ts'
import type { Json, JsonObject } from '../lib/json.ts'
import type { Host, PluginInfo } from '../plugin/host.ts'
import { draftOf } from '../webhooks/webhook-row.ts'
import type { Engine } from '../webhooks/engine.ts'
import type { CustomHeaders } from '../webhooks/custom-headers.ts'
import { openSecret, sourceContext } from '../webhooks/sealed.ts'
import { VERSION, type PluginEntry, type SetUp } from './file.ts'
import { sealSecrets, type Scrypt, type Secrets } from './sealed-secrets.ts'
import { webhookFields } from './webhook-entry.ts'

/** What export and import work with. */
export interface TransferDeps extends Engine {
  readonly host: Host
  readonly scrypt: Scrypt
}

/**
 * The set-up as a file, in an order that does not change, so that two of them compare line by line. With a passphrase it
 * holds the secrets too, sealed under it; that is audited.
 */
export async function exportSetUp(deps: TransferDeps, by: Actor, passphrase: string | null): Promise<string> {
  demandPlugins(deps)
  const whole = await readAll(deps, passphrase !== null)
  const { secrets } = whole
  // Whoever may not read webhooks gets a file without them.
  const setUp = can(by, 'webhooks:read', 'network') ? whole.setUp : { ...whole.setUp, webhooks: [] }
  if (passphrase === null) return textOf(setUp)
  const sealed = await sealSecrets(deps, passphrase, secrets)
  await deps.db.commit(
    auditEntry(deps, by, { action: 'set_up.exported', target: 'network', owner: 'network', after: { secrets: true } }),
  )
  return textOf({ ...setUp, secrets: sealed })
}

/** In safe mode nobody knows what plugins have, so half a file would look whole. Throws `safe_mode`. */
export function demandPlugins({ config }: TransferDeps): void {
  if (config.safeMode)
    throw fail('safe_mode', 'In safe mode no plugins are loaded, and the set-up is not whole. Start without SAFE_MODE.')
}

const textOf = (setUp: SetUp): string => `${JSON.stringify(setUp, null, 2)}\n`

/** The settings of the network as a file holds them: numbers as such, what is empty as null. */
export const networkEntry = (values: NetworkSettings): SetUp['network'] =>
  Object.fromEntries(
    networkSettings.map((name) => [
      name,
      values[name] === '' ? null : name in bounds ? Number(values[name]) : values[name],
    ]),
  )

async function readAll(deps: TransferDeps, withSecrets: boolean): Promise<{ setUp: SetUp; secrets: Secrets }> {
  const { db } = deps
  const [{ values }, all, persons, webhooks, sources] = await Promise.all([
    readNetworkSettings(db),
    everySite(db),
    everybody(db),
    everyWebhook(db),
    everySource(db),
  ])
  const sites = all.filter(({ state }) => state !== 'deleted')
  const slugs = new Map(sites.map(({ id, slug }) => [id, slug]))
  const slugOf = (id: string) => slugs.get(id) ?? id
  const plugins = await readPlugins(deps, slugs)
  const setUp: SetUp = {
    hookline: 'set-up',
    version: VERSION,
    network: networkEntry(values),
    sites: sites.map(({ slug, name, state }) => ({ slug, name, state: state === 'archived' ? 'archived' : 'active' })),
    people: persons
      .filter(({ role, siteId }) => role !== 'super_admin' && (siteId === 'network' || slugs.has(siteId)))
      .map(({ email, name, role, siteId, locale }) => ({
        email,
        name,
        role,
        site: slugs.get(siteId) ?? null,
        language: locale,
      })),
    plugins: plugins.map(({ entry }) => entry),
    webhooks: webhooks
      // What a builder subscribed is its own: elsewhere it subscribes again, with a key of that place.
      .filter(({ owner, origin }) => origin !== 'rest_hook' && (owner === 'network' || slugs.has(owner)))
      .map((webhook) => ({
        id: webhook.id,
        owner: slugOf(webhook.owner),
        ...webhookFields(draftOf(webhook), slugOf),
      }))
      .sort((a, b) => order(a.owner, b.owner) || order(a.name, b.name) || order(a.id ?? '', b.id ?? '')),
    sources: sources
      .map((source) => ({
        id: source.id,
        kind: source.kind,
        site: source.site_slug,
        name: source.name,
        settings: JSON.parse(source.settings) as JsonObject,
        mapping: source.mapping === null ? null : (JSON.parse(source.mapping) as JsonObject),
        signed: source.secret !== null,
        active: source.state === 'active',
      }))
      .sort((a, b) => order(a.site, b.site) || order(a.kind, b.kind) || order(a.name, b.name) || order(a.id, b.id)),
  }
  if (!withSecrets) return { setUp, secrets: { webhooks: {}, plugins: {}, sources: {} } }
  const secrets: Secrets = {
    webhooks: await webhookSecrets(deps, new Set(setUp.webhooks.map(({ id }) => id ?? ''))),
    plugins: Object.fromEntries(plugins.flatMap(({ entry, secrets: own }) => (own ? [[entry.slug, own]] : []))),
    sources: Object.fromEntries(
      await Promise.all(
        sources.map(async ({ id, token, secret }) => [
          id,
          {
            token: await deps.vault.open(token, sourceContext(id, 'token')),
            ...(secret !== null && { secret: await deps.vault.open(secret, sourceContext(id, 'secret')) }),
          },
        ]),
      ),
    ) as Secrets['sources'],
  }
  return { setUp, secrets }
}

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** The live secrets of webhooks in plain, by id. */
async function webhookSecrets(deps: Engine, wanted: ReadonlySet<string>): Promise<Secrets['webhooks']> {
  const rows = (await everySecret(deps.db)).filter(({ webhook_id: id }) => wanted.has(id))
  const byWebhook = [...Map.groupBy(rows, ({ webhook_id: id }) => id)]
  return Object.fromEntries(
    await Promise.all(byWebhook.map(async ([id, own]) => [id, await plainSecrets(deps, own)] as const)),
  )
}

/** The secrets of one webhook in plain. */
export async function plainSecrets(deps: Engine, rows: readonly WebhookSecret[]): Promise<Secrets['webhooks'][string]> {
  const found: Secrets['webhooks'][string] = {}
  for (const row of rows) {
    const plain = await openSecret(deps, row)
    if (row.kind === 'headers') found.headers = Object.fromEntries(JSON.parse(plain) as CustomHeaders)
    else found[row.kind === 'password' || row.kind === 'token' ? row.kind : 'signing'] = plain
  }
  return found
}

interface ReadPlugin {
  readonly entry: PluginEntry
  readonly secrets: Secrets['plugins'][string] | null
}

/** Plugins that load here. Of one that is gone nobody knows any more what its settings mean. */
async function readPlugins(deps: TransferDeps, slugs: ReadonlyMap<string, string>): Promise<ReadPlugin[]> {
  const { db, host } = deps
  const [infos, states, places] = await Promise.all([host.plugins(), pluginStates(db), everyPluginSite(db)])
  const found: ReadPlugin[] = []
  for (const info of infos.filter(isThere).sort((a, b) => order(a.slug, b.slug))) {
    const { slug } = info
    const state = states.find((one) => one.slug === slug)
    const network = await host.setSettings(slug, null)
    const sites: NonNullable<PluginEntry['sites']> = {}
    const siteSecrets: Record<string, Readonly<Record<string, string>>> = {}
    for (const place of places.filter((one) => one.slug === slug && slugs.has(one.site_id))) {
      const { values, secrets } = await host.setSettings(slug, place.site_id)
      const at = slugs.get(place.site_id) ?? ''
      sites[at] = { active: place.active === 1, settings: sorted(values) }
      if (Object.keys(secrets).length > 0) siteSecrets[at] = secrets
    }
    const hasSecrets = Object.keys(network.secrets).length + Object.keys(siteSecrets).length > 0
    found.push({
      entry: {
        slug,
        ...(!info.mustUse && { active: isSwitchedOn(info, state) }),
        settings: sorted(network.values),
        sites: sorted(sites),
      },
      secrets: hasSecrets ? { network: network.secrets, sites: siteSecrets } : null,
    })
  }
  return found
}

/** Whether its settings can be read and set. */
export const isThere = ({ state }: PluginInfo): boolean =>
  state === 'active' || state === 'inactive' || state === 'paused'

/** Whether a plugin is on for the whole network: as somebody switched it, or as it is by itself. */
export const isSwitchedOn = (
  { mustUse, isDefault }: PluginInfo,
  state: { readonly network_active: number } | undefined,
): boolean => mustUse || (state ? state.network_active === 1 : isDefault)

const sorted = <T extends Json | object>(object: Readonly<Record<string, T>>): Record<string, T> =>
  Object.fromEntries(Object.entries(object).sort(([a], [b]) => order(a, b)))
