import type { Clock } from '../lib/clock.ts'
import type { JsonObject } from '../lib/json.ts'
import { msg } from '../lib/message.ts'
import { checkEvent, takes, unknownKeys, wrongManifest } from './check.ts'
import { collect } from './collect.ts'
import { hostVersion, type Plugin, type PluginEvent } from './define.ts'
import { fieldsOf } from './fields.ts'
import { failed, sentenceOf, type Loaded, type Registry } from './loaded.ts'
import { knowEachOther } from './owners.ts'
import { noWatch, type Watch } from './watch.ts'
import { within } from './within.ts'
import { WHILE_LOADING } from './crash.ts'

interface LoadDeps {
  readonly clock: Clock
  readonly limit: number
  /** Whether there is a template of this name, such as `@payments/payments`; without it none is looked for. */
  readonly hasTemplate?: ((name: string) => boolean) | undefined
  /** Whether unknown keys in its manifest keep an outside plugin from running; true by default. */
  readonly strict?: boolean
  readonly watch?: Watch
  /** Plugins that must not even be imported. */
  readonly crashed?: ReadonlySet<string>
}

/**
 * Imports, checks and registers every plugin, each on its own: what is wrong with one becomes its state and never
 * anybody else's problem. `ours` are the plugins of this repository.
 */
export async function loadPlugins(ours: Registry, outside: Registry, deps: LoadDeps): Promise<readonly Loaded[]> {
  const slugs = [...new Set([...Object.keys(ours), ...Object.keys(outside)])].sort()
  const { watch = noWatch } = deps
  const loadOne = async (slug: string): Promise<Loaded> => {
    if (deps.crashed?.has(slug)) return { state: 'paused', slug, manifest: {}, reason: WHILE_LOADING }
    const load = ours[slug] ?? outside[slug]
    const end = watch.mark({ slug, doing: 'load' })
    try {
      return await watch.attend({ slug, id: `${slug}/load` }, async () => {
        const got = await within(deps.limit, deps.clock, async () => (await load?.())?.default)
        if (!got.ok) return failed(slug, {}, msg('It could not be loaded: {error}', { error: withPlace(got.error) }))
        return examine(slug, got.value, slug in ours, deps)
      })
    } finally {
      end()
    }
  }
  // One after the other where the process can be taken down: then it is known by whom.
  const loaded: Loaded[] = []
  if (watch === noWatch) loaded.push(...(await Promise.all(slugs.map(loadOne))))
  else for (const slug of slugs) loaded.push(await loadOne(slug))
  return knowEachOther(loaded)
}

/** Of code that cannot be read, the stack begins with its file and line: `plugin.ts:12`. */
function withPlace(error: unknown): string {
  const place = error instanceof SyntaxError && /^\S*?([^\s/\\]+:\d+)\n/.exec(error.stack ?? '')?.[1]
  return place ? `${error.message} (${place})` : sentenceOf(error)
}

function examine(
  slug: string,
  plugin: Plugin | undefined,
  ours: boolean,
  { hasTemplate = () => true, strict = true }: LoadDeps,
): Loaded {
  if (!plugin) return failed(slug, {}, msg('It has no default export.'))
  const { manifest } = plugin
  const ignored = ours || strict ? [] : unknownKeys(manifest)
  const wrong = wrongManifest(slug, manifest, ours, ignored)
  if (wrong) return failed(slug, {}, wrong)
  if (!takes(manifest.requires.host)) {
    const reason = msg('It needs the plugin interface {needed}; this is {version}.', {
      needed: manifest.requires.host,
      version: hostVersion,
    })
    return { state: 'incompatible', slug, manifest, reason }
  }
  const events: { event: PluginEvent; schema: JsonObject }[] = []
  for (const event of manifest.events ?? []) {
    const { schema, wrong } = checkEvent(manifest, event, ours)
    if (wrong) return failed(slug, manifest, wrong)
    events.push({ event, schema })
  }
  const { fields, wrong: formless } = fieldsOf(manifest.settings)
  if (formless) return failed(slug, manifest, formless)
  try {
    const registered = collect(plugin)
    const isMissing = (template: string) => !hasTemplate(`@${slug}/${template}`)
    const bare = registered.pages.find(({ template }) => isMissing(template))
    if (bare) {
      const reason = msg('The page {path} has no template {file}.', { path: bare.path, file: `${bare.template}.eta` })
      return failed(slug, manifest, reason)
    }
    const empty = registered.widgets.find(({ about }) => isMissing(about.template))
    if (empty) {
      const [id, file] = [empty.id, `${empty.about.template}.eta`]
      return failed(slug, manifest, msg('{handler} has no template {file}.', { handler: id, file }))
    }
    return { state: 'ready', slug, manifest, ignored, events, fields, ...registered }
  } catch (error) {
    return failed(slug, manifest, msg('It could not register: {error}', { error: sentenceOf(error) }))
  }
}
