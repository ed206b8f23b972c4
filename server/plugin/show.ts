import { MAIN_SITE } from '../../db/queries/sites.ts'
import { pageAbove, runRoute, showPage } from './answer.ts'
import type { Core } from './core.ts'
import { recordFault } from './fault.ts'
import { runChecks } from './health-check.ts'
import type { Showing } from './host.ts'
import { loadWidgets } from './widget.ts'

/** What people meet of plugins: their pages and routes, their boxes and checks. */
export const showing = (core: Core): Showing => ({
  async pages(site) {
    const standing = await core.standings.at(site ?? MAIN_SITE)
    return core.ready
      .filter(({ slug }) => standing?.runs(slug))
      .flatMap(({ pages }) => pages.map(({ slug, path, title, rule }) => ({ plugin: slug, path, title, rule })))
  },
  view: (slug, path, site, request, actor) => showPage(core, { slug, path, site, request, actor }),
  route: (slug, path, site, request, actor) => runRoute(core, { slug, path, site, request, actor }),
  above: (slug, path, site, actor) => pageAbove(core, { slug, path, site, actor }),
  widgets: (site, actor) => loadWidgets(core, site ?? MAIN_SITE, actor),
  checks: () => runChecks(core),
  blame: (handler, site, error) =>
    recordFault(core, {
      handler: { slug: handler.slice(0, handler.indexOf('/')), id: handler },
      site: site ?? MAIN_SITE,
      event: null,
      error,
      ms: 0,
    }),
})
