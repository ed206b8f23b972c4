import { capabilityOf } from './capability.ts'
import { wrongFormat, wrongSource } from './check.ts'
import type { Access, HandlerOptions, Plugin } from './define.ts'
import type {
  Check,
  CronHandler,
  Format,
  Handler,
  Ordered,
  Page,
  Ready,
  Route,
  Rule,
  Source,
  UpgradeStep,
  Widget,
} from './loaded.ts'
import { wrongPattern } from './schedule.ts'
import { compareVersions, isVersion } from './version.ts'

type Collected = Omit<Ready, 'state' | 'slug' | 'manifest' | 'ignored' | 'events' | 'fields'>

/** Lets the plugin register. Throws a sentence for what cannot be wired. */
export function collect(plugin: Plugin): Collected {
  const { manifest } = plugin
  const { slug, version: current } = manifest
  const listeners = new Map<string, Ordered[]>()
  const filters = new Map<string, Ordered[]>()
  const routes: Route[] = []
  const pages: Page[] = []
  const sources: Source[] = []
  const crons: CronHandler[] = []
  const upgrades: UpgradeStep[] = []
  const formats: Format[] = []
  const checks: Check[] = []
  const widgets: Widget[] = []
  const ids = new Set<string>()
  let open = true
  const take = (id: string): Handler => {
    if (!open) throw new Error('register has ended; handlers cannot be added later.')
    const handler = { slug, id: `${slug}/${id}` }
    if (ids.has(handler.id)) throw new Error(`There are two handlers ${handler.id}.`)
    ids.add(handler.id)
    return handler
  }
  const ordered = (
    lists: Map<string, Ordered[]>,
    kind: string,
    name: string,
    run: Ordered['run'],
    options: HandlerOptions = {},
  ) => {
    const list = lists.get(name) ?? []
    lists.set(name, list)
    list.push({ ...take(options.id ?? `${kind}:${name}#${list.length}`), priority: options.priority ?? 10, run })
  }
  const result: unknown = plugin.register({
    on: (event, run, options) => ordered(listeners, 'on', event.name, run, options),
    filter: (point, run, options) => ordered(filters, 'filter', point.name, run, options),
    route: (pattern, run, access = {}) => {
      if (!/^POST \/./.test(pattern)) throw new Error(`The route ${pattern} has to be "POST /…".`)
      const path = pattern.slice('POST '.length)
      demandFree(path)
      routes.push({ ...take(`route:${pattern}`), pattern: path, rule: ruleOf(manifest, access), run })
    },
    page: (path, page) => {
      if (!/^\/./.test(path)) throw new Error(`The page ${path} has to begin with a slash and a name.`)
      demandFree(path)
      const { title, template, load } = page
      pages.push({ ...take(`page:${path}`), path, title, template, rule: ruleOf(manifest, page), load })
    },
    cron: (pattern, id, run) => {
      const wrong = wrongPattern(pattern)
      if (wrong) throw new Error(`The pattern of ${slug}/cron:${id}: ${wrong}`)
      if (!/^[a-z][a-z0-9_-]{0,39}$/.test(id)) throw new Error(`The id ${id} of a cron has small letters and hyphens.`)
      crons.push({ ...take(`cron:${id}`), name: id, pattern, run })
    },
    upgrade: (version, run) => {
      if (!isVersion(version)) throw new Error(`The version ${version} of an upgrade is written as 1.1.0.`)
      if (compareVersions(version, current) > 0) {
        throw new Error(`There is an upgrade to ${version}, which is later than the plugin's own version ${current}.`)
      }
      upgrades.push({ ...take(`upgrade:${version}`), version, run })
    },
    source: (name, about) => {
      const wrong = wrongSource(slug, name, about)
      if (wrong) throw new Error(`The source ${name}: ${wrong}`)
      sources.push({ ...take(`source:${name}`), name, about })
    },
    format: (name, about) => {
      const wrong = wrongFormat(name, about)
      if (wrong) throw new Error(wrong)
      formats.push({ ...take(`format:${name}`), name: `${slug}.${name}`, about })
    },
    healthCheck: (id, run) => checks.push({ ...take(`check:${id}`), run }),
    widget: (id, about) => {
      const rule = about.rule === undefined ? null : capabilityOf(manifest, about.rule)
      widgets.push({ ...take(`widget:${id}`), rule, about, load: (ctx) => about.load(ctx as never) })
    },
  })
  open = false
  if (result instanceof Promise) {
    result.catch(() => {})
    throw new Error('register is asynchronous; it only collects, so it has to be synchronous.')
  }
  upgrades.sort((a, b) => compareVersions(a.version, b.version))
  return { listeners, filters, routes, pages, sources, crons, upgrades, formats, checks, widgets }
}

const ruleOf = (manifest: Plugin['manifest'], { rule, public: isPublic }: Access): Rule =>
  isPublic ? 'public' : rule === undefined ? null : capabilityOf(manifest, rule)

/** What the host itself answers below `/plugins/<slug>`. */
const OURS = /^\/(activate|deactivate|resume|settings|uninstall)$/

function demandFree(path: string): void {
  if (OURS.test(path)) throw new Error(`${path} belongs to the host. Choose another path.`)
}
