import { Eta, type TemplateFunction } from 'eta/core'
import { templates } from '../../views/templates.gen.ts'
import { asset } from './assets.ts'
import { pretty } from './pretty.ts'
import { safeUrl } from './safe-url.ts'

const eta = new Eta()
for (const [name, template] of Object.entries(templates)) eta.loadTemplate(name, template)

/** Adds a template that came after the build. */
export const addTemplate = (name: string, template: TemplateFunction): void => eta.loadTemplate(name, template)

/** Whether there is a template of this name, such as `@payments/payments`. */
export const hasTemplate = (name: string): boolean => eta.templatesSync.get(name) !== undefined

/**
 * Renders a compiled template: `layout`, `pages/webhooks/list`, `partials/status`, `@payments/payments`. What it writes
 * with `<%= %>` is escaped. Beside `data` it has `asset(name)`, `safeUrl(url)` and `pretty(body)`; its partials have
 * these, `t` and `base`, and what they are handed.
 */
export const render = (template: string, data: object): string =>
  eta.render(template, { asset, safeUrl, pretty, ...data })
