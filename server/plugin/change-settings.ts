import type { z } from 'zod'
import type { Statement } from '../../db/db.ts'
import {
  ensureState,
  pluginsChanged,
  setSiteSettings,
  setNetworkSettings,
  settingsAt,
} from '../../db/queries/plugins.ts'
import { AppError, invalid, type FieldError } from '../lib/errors.ts'
import { digestOf } from '../lib/hmac.ts'
import type { Json, JsonObject } from '../lib/json.ts'
import { msg, type Message } from '../lib/message.ts'
import { MASK } from '../webhooks/redact.ts'
import type { Core } from './core.ts'
import type { Field } from './fields.ts'
import type { Configuring } from './host.ts'
import type { Ready } from './loaded.ts'
import { sentenceFor } from './payload.ts'
import { openLayer, readStored, sealSetting, type SettingsPlace, type StoredSettings } from './settings.ts'
import { isOnForAll } from './standing.ts'
import { usable } from './switch.ts'

/** One setting at one place: what was set there, and what holds without. A secret's value is nowhere in it. */
export interface SettingView {
  readonly field: Field
  /** Set here; undefined if it is not, or a secret. */
  readonly value: unknown
  /** Whether anything is set here. */
  readonly isSet: boolean
  /** What holds if nothing is set here; undefined if that is nothing, or a secret. */
  readonly inherited: unknown
  /** Whether what is inherited was set for the network; else it is the default. */
  readonly fromNetwork: boolean
}

/** The settings of a plugin at one place. */
export interface SettingsForm {
  readonly slug: string
  /** Null: for the whole network. */
  readonly site: string | null
  /** Changes with every change here: whoever saves says which one they saw. */
  readonly revision: string
  readonly settings: readonly SettingView[]
}

/** A change, ready for the caller's commit, and what the audit log may keep of it. */
export interface SettingsChange {
  readonly statements: readonly Statement[]
  readonly before: JsonObject
  readonly after: JsonObject
  /** What the column holds then, for who writes many at once. */
  readonly stored: string
}

/** What was set for a plugin at one place, to be set somewhere else. Secrets are plain. */
export interface SetSettings {
  readonly values: JsonObject
  readonly secrets: Readonly<Record<string, string>>
}

/** The settings of plugins, as people see and change them. */
export const configuring = (core: Core): Configuring => ({
  async settings(slug, site) {
    const plugin = usable(core, slug)
    return plugin.manifest.settings ? settingsForm(core, plugin, site) : null
  },
  setSettings: async (slug, site) => setSettings(core, usable(core, slug), site),
  changeSettings: async (slug, site, given, revision) =>
    changeSettings(core, usable(core, slug), site, given, revision),
})

/** `site` null is the network. */
async function settingsForm(core: Core, plugin: Ready, site: string | null): Promise<SettingsForm> {
  const { text, network } = await storedAt(core, plugin, site)
  const here = readStored(text)
  const above = site === null ? readStored(undefined) : readStored(network)
  const shown = plugin.fields.filter(({ networkOnly }) => site === null || !networkOnly)
  return {
    slug: plugin.slug,
    site,
    revision: await revisionOf(text),
    settings: shown.map((field) => {
      const fromNetwork = isSet(above, field)
      const inherited = fromNetwork ? above.values[field.name] : field.fallback
      return {
        field,
        value: field.secret ? undefined : here.values[field.name],
        isSet: isSet(here, field),
        inherited: field.secret ? undefined : inherited,
        fromNetwork,
      }
    }),
  }
}

/**
 * Sets what is given and takes back what is null; the rest stays. Throws AppError `invalid` with a path for each setting,
 * and `revision_conflict` if somebody else has saved since `revision`; the commit is refused as `constraint` if somebody
 * does right now.
 */
async function changeSettings(
  core: Core,
  plugin: Ready,
  site: string | null,
  given: Readonly<Record<string, unknown>>,
  revision?: string,
): Promise<SettingsChange> {
  const { engine } = core
  const { slug, manifest, fields } = plugin
  const { text, network } = await storedAt(core, plugin, site)
  if (revision !== undefined && revision !== (await revisionOf(text))) {
    throw new AppError('revision_conflict', msg('Somebody else has changed these settings in the meantime.'))
  }
  const place: SettingsPlace = { slug, owner: site ?? 'network' }
  const before = readStored(text)
  const values = { ...before.values }
  const secrets = { ...before.secrets }
  const plain: Record<string, string> = {}
  const errors: FieldError[] = []
  for (const [name, value] of Object.entries(given)) {
    const field = fields.find((one) => one.name === name)
    const wrong = whyNot(field, site, value)
    if (wrong) errors.push({ path: `settings.${name}`, message: wrong })
    if (wrong || !field) continue
    delete values[name]
    delete secrets[name]
    if (value === null) continue
    if (field.secret) plain[name] = String(value)
    else values[name] = value
  }
  if (errors.length > 0) throw invalid(errors)
  const above =
    site === null ? {} : await openLayer(engine.vault, fields, { slug, owner: 'network' }, readStored(network))
  const own = { ...(await openLayer(engine.vault, fields, place, { values, secrets })), ...plain }
  demandSettings(manifest.settings, { ...above, ...own }, given)
  for (const [name, value] of Object.entries(plain)) {
    secrets[name] = await sealSetting(engine.vault, place, name, value)
  }
  const after: StoredSettings = { values, secrets }
  const write = { slug, before: text ?? '{}', after: JSON.stringify(after) }
  const { db } = engine
  return {
    statements: [
      ...(site === null
        ? [ensureState(db, slug, isOnForAll(plugin, undefined), manifest.version), ...setNetworkSettings(db, write)]
        : setSiteSettings(db, { ...write, site })),
      pluginsChanged(db),
    ],
    before: audited(before, given),
    after: audited(after, given),
    stored: write.after,
  }
}

/** What was set at one place, as far as the plugin still has a setting for it. `site` null is the network. */
async function setSettings(core: Core, { slug, fields }: Ready, site: string | null): Promise<SetSettings> {
  const stored = readStored(await settingsAt(core.engine.db, slug, site))
  const layer = await openLayer(core.engine.vault, fields, { slug, owner: site ?? 'network' }, stored)
  const part = (secret: boolean) =>
    Object.fromEntries(
      fields.filter((field) => field.secret === secret && field.name in layer).map(({ name }) => [name, layer[name]]),
    )
  return { values: part(false) as JsonObject, secrets: part(true) as Record<string, string> }
}

function whyNot(field: Field | undefined, site: string | null, value: unknown): Message | null {
  if (!field) return msg('There is no setting of this name.')
  if (site !== null && field.networkOnly) return msg('This is set for the whole network alone.')
  if (field.secret && value !== null && (typeof value !== 'string' || value === ''))
    return msg('This has to be a text.')
  return null
}

/** What holds together has to satisfy the schema, and every fault is shown at one of the settings that were given. */
function demandSettings(schema: z.ZodObject | undefined, input: object, given: object): void {
  const parsed = schema?.strict().safeParse(input)
  if (!parsed || parsed.success) return
  const first = Object.keys(given)[0] ?? ''
  throw invalid(
    parsed.error.issues.map((issue) => {
      const name = String(issue.path[0] ?? first)
      return { path: `settings.${name}`, message: problemOf(issue) }
    }),
  )
}

function problemOf(issue: z.core.$ZodIssue): Message {
  const isText = 'origin' in issue && issue.origin === 'string'
  if (issue.code === 'too_small') {
    const { minimum: min } = issue
    return isText
      ? msg('This needs at least {min} letters.', { min: Number(min) })
      : msg('This has to be {min} or more.', { min: Number(min) })
  }
  if (issue.code === 'too_big') {
    const { maximum: max } = issue
    return isText
      ? msg('This may have at most {max} letters.', { max: Number(max) })
      : msg('This has to be {max} or less.', { max: Number(max) })
  }
  if (issue.code === 'invalid_format' && issue.format === 'url')
    return msg('This is not a complete http or https address. It has to look like https://example.com/hook.')
  if (issue.code === 'invalid_format' && issue.format === 'email')
    return msg('This is not an e-mail address. It looks like name@example.com.')
  return sentenceFor(issue)
}

async function storedAt({ engine: { db } }: Core, { slug }: Ready, site: string | null) {
  const network = await settingsAt(db, slug, null)
  return { network, text: site === null ? network : await settingsAt(db, slug, site) }
}

const isSet = ({ values, secrets }: StoredSettings, { name, secret }: Field): boolean =>
  Object.hasOwn(secret ? secrets : values, name)

/** Of what was given only; of a secret no more than that there is one. */
const audited = ({ values, secrets }: StoredSettings, given: object): JsonObject =>
  Object.fromEntries(
    Object.keys(given).map((name) => [name, name in secrets ? MASK : ((values[name] as Json | undefined) ?? null)]),
  )

const revisionOf = async (text = '{}'): Promise<string> => (await digestOf(text)).slice(0, 16)
