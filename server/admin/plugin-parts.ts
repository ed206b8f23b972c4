import type { Deps } from '../deps.ts'
import type { CheckResult } from '../plugin/insight.ts'
import type { C } from '../web/env.ts'
import type { Translator } from '../web/i18n.ts'
import { render } from '../web/render.ts'
import type { Check } from './health-checks.ts'
import { visitor } from './plugin-pages.ts'
import { isSafe } from './safe-mode.ts'

/** What plugins add to pages of ours. Whatever fails in one is told in its place, and the page stays. */

/** A row of the Health page. */
export function checkOfPlugin(t: Translator, { id, plugin, finding, fault }: CheckResult): Check {
  const topic = t(/* translated elsewhere */ plugin)
  if (finding) {
    const [title, text] = [t(/* translated elsewhere */ finding.title), t(/* translated elsewhere */ finding.text)]
    return { id, topic, rank: finding.rank, title, text }
  }
  const text = t('What it looks at is unknown until it works again. Its fault is kept as {fault}.', {
    fault: fault ?? '',
  })
  const link = { href: '/network/plugins', text: t('Go to Plugins') }
  return { id, topic, rank: 'recommended', title: t('A check of {plugin} failed', { plugin: topic }), text, link }
}

/** The boxes of the dashboard, rendered. */
export async function widgetBoxes(c: C, deps: Deps): Promise<object[]> {
  if (isSafe(c, deps)) return []
  const { t, scope } = c.var
  const site = scope.site?.id ?? null
  const boxes = await deps.host.widgets(site, visitor(c))
  return Promise.all(
    boxes.map(async ({ id, title, template, data, fault }) => {
      const box = { id: id.replaceAll(/\W/g, '-'), title: t(/* translated elsewhere */ title) }
      if (data === null) return { ...box, html: null, fault }
      try {
        return { ...box, html: render(template, { t, base: scope.base, ...data }), fault: null }
      } catch (error) {
        return { ...box, html: null, fault: await deps.host.blame(id, site, error) }
      }
    }),
  )
}
