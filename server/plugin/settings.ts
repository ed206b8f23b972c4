import type { Statement } from '../../db/db.ts'
import { setNetworkSettings, setSiteSettings, settingsAfter } from '../../db/queries/plugins.ts'
import type { Engine, Vault } from '../webhooks/engine.ts'
import type { Field } from './fields.ts'
import type { Ready } from './loaded.ts'

/** What somebody set, as one column keeps it: secrets are sealed, each for its plugin, place and name. */
export interface StoredSettings {
  readonly values: Readonly<Record<string, unknown>>
  readonly secrets: Readonly<Record<string, string>>
}

/** Whose settings: a plugin's at one site, or `network`. */
export interface SettingsPlace {
  readonly slug: string
  readonly owner: string
}

/** As handlers get them. `secrets` are the values that must never be shown. */
export interface ResolvedSettings {
  readonly values: Readonly<Record<string, unknown>>
  readonly secrets: readonly string[]
}

export const readStored = (text: string | undefined): StoredSettings => ({
  values: {},
  secrets: {},
  ...(text && (JSON.parse(text) as Partial<StoredSettings>)),
})

const context = ({ slug, owner }: SettingsPlace, name: string) => `plugin_setting:${slug}:${owner}:${name}`

export const sealSetting = (vault: Vault, place: SettingsPlace, name: string, plain: string): Promise<string> =>
  vault.seal(plain, context(place, name))

const openSetting = (vault: Vault, place: SettingsPlace, name: string, cipher: string): Promise<string> =>
  vault.open(cipher, context(place, name))

async function sealedAnew(vault: Vault, place: SettingsPlace, text: string): Promise<string> {
  const stored = readStored(text)
  const secrets: Record<string, string> = {}
  for (const [name, cipher] of Object.entries(stored.secrets)) {
    secrets[name] = await sealSetting(vault, place, name, await openSetting(vault, place, name, cipher))
  }
  return JSON.stringify({ ...stored, secrets })
}

/** Opens every secret setting and seals it anew, after a change of APP_SECRET. Repeating it does no harm. */
export async function sealSettingsAgain({ db, vault }: Pick<Engine, 'db' | 'vault'>): Promise<void> {
  for (let after = { slug: '', owner: '' }; ;) {
    const rows = await settingsAfter(db, after)
    const last = rows.at(-1)
    if (!last) return
    for (const { slug, owner, settings: before } of rows) {
      const write = { slug, before, after: await sealedAnew(vault, { slug, owner }, before) }
      const statements: readonly Statement[] =
        owner === 'network' ? setNetworkSettings(db, write) : setSiteSettings(db, { ...write, site: owner })
      await db.commit(statements)
    }
    after = last
  }
}

/** Opens every secret setting, and answers with how many there are. Throws a VaultError at the first that stays shut. */
export async function openSettings({ db, vault }: Pick<Engine, 'db' | 'vault'>): Promise<number> {
  let opened = 0
  for (let after = { slug: '', owner: '' }; ;) {
    const rows = await settingsAfter(db, after)
    const last = rows.at(-1)
    if (!last) return opened
    for (const { slug, owner, settings } of rows) {
      for (const [name, cipher] of Object.entries(readStored(settings).secrets)) {
        await openSetting(vault, { slug, owner }, name, cipher)
        opened++
      }
    }
    after = last
  }
}

/** What was set at one place, secrets in plain. At a site, what only the network sets counts for nothing. */
export async function openLayer(
  vault: Vault,
  fields: readonly Field[],
  place: SettingsPlace,
  stored: StoredSettings,
): Promise<Record<string, unknown>> {
  const layer: Record<string, unknown> = {}
  for (const { name, secret, networkOnly } of fields) {
    if (networkOnly && place.owner !== 'network') continue
    const cipher = stored.secrets[name]
    if (!secret && Object.hasOwn(stored.values, name)) layer[name] = stored.values[name]
    if (secret && cipher !== undefined) layer[name] = await openSetting(vault, place, name, cipher)
  }
  return layer
}

/**
 * The settings of a plugin at a site: default, over it the network's values, over them the site's. A value that the
 * schema of a newer version takes no more counts for nothing.
 */
export async function resolveSettings(
  vault: Vault,
  { slug, manifest, fields }: Ready,
  texts: { readonly network: string | undefined; readonly site: string | undefined; readonly siteId: string },
): Promise<ResolvedSettings> {
  const { settings: schema } = manifest
  if (!schema) return { values: {}, secrets: [] }
  const input = {
    ...(await openLayer(vault, fields, { slug, owner: 'network' }, readStored(texts.network))),
    ...(await openLayer(vault, fields, { slug, owner: texts.siteId }, readStored(texts.site))),
  }
  const values = parsed(schema, input)
  const secrets = fields.filter(({ secret }) => secret).map(({ name }) => input[name])
  return { values, secrets: secrets.filter((value): value is string => typeof value === 'string' && value !== '') }
}

function parsed(schema: NonNullable<Ready['manifest']['settings']>, input: object): Readonly<Record<string, unknown>> {
  const first = schema.safeParse(input)
  if (first.success) return frozen(first.data)
  const wrong = new Set(first.error.issues.map(({ path }) => path[0]))
  const rest = Object.fromEntries(Object.entries(input).filter(([name]) => !wrong.has(name)))
  const second = schema.safeParse(rest)
  return frozen(second.success ? second.data : schema.parse({}))
}

/** One value is handed to every handler, so none may change it for the next. */
const frozen = (values: Record<string, unknown>): Readonly<Record<string, unknown>> => {
  for (const value of Object.values(values)) if (Array.isArray(value)) Object.freeze(value)
  return Object.freeze(values)
}
