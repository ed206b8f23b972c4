import { wrongSource } from './check.ts'
import type { HandlerOptions, Plugin } from './define.ts'
import type { Handler, Ordered, Page, Ready, Route, Source } from './loaded.ts'

/** Lets the plugin register. Throws a sentence for what cannot be wired. */
export function collect(plugin: Plugin): Pick<Ready, 'listeners' | 'filters' | 'routes' | 'pages' | 'sources'> {
  const { slug } = plugin.manifest
  const listeners = new Map<string, Ordered[]>()
  const filters = new Map<string, Ordered[]>()
  const routes: Route[] = []
  const pages: Page[] = []
  const sources: Source[] = []
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
    route: (pattern, run) => {
      if (!/^POST \/./.test(pattern)) throw new Error(`The route ${pattern} has to be "POST /…".`)
      routes.push({ ...take(`route:${pattern}`), pattern: pattern.slice('POST '.length), run })
    },
    page: (path, page) => {
      if (!/^\/./.test(path)) throw new Error(`The page ${path} has to begin with a slash and a name.`)
      const { title, template, load } = page
      pages.push({ ...take(`page:${path}`), path, title, template, load })
    },
    source: (name, about) => {
      const wrong = wrongSource(slug, name, about)
      if (wrong) throw new Error(`The source ${name}: ${wrong}`)
      sources.push({ ...take(`source:${name}`), name, about })
    },
  })
  open = false
  if (result instanceof Promise) {
    result.catch(() => {})
    throw new Error('register is asynchronous; it only collects, so it has to be synchronous.')
  }
  return { listeners, filters, routes, pages, sources }
}
