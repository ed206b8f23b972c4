import { createSite, wrongSiteName, wrongSlug } from '../../access/sites.ts'
import type { Handlers } from '../../api/handlers.ts'
import type { Deps } from '../../deps.ts'
import { AppError, type FieldError } from '../../lib/errors.ts'
import { newId } from '../../lib/ids.ts'
import { msg } from '../../lib/message.ts'
import type { C } from '../../web/env.ts'
import { seeOther } from '../../web/flash.ts'
import { errorsByPath, readForm } from '../../web/forms.ts'
import { onceIn } from '../once.ts'
import { faultsNotice, page } from '../page.ts'

const LIST = '/network/sites'

interface Typed {
  readonly id: string
  readonly name: string
  readonly slug: string
}

export const addSiteRoutes = (deps: Deps): Handlers => ({
  'GET /network/sites/new': (c) => addForm(c, deps, { id: newId('sit', deps), name: '', slug: '' }, []),

  'POST /network/sites/new': async (c) => {
    const form = await readForm(c)
    const id = onceIn(form, 'sit', deps)
    const typed = { id, name: form.get('name').trim(), slug: form.get('slug').trim().toLowerCase() }
    const found = { name: wrongSiteName(typed.name), slug: wrongSlug(typed.slug) }
    const errors = Object.entries(found).flatMap(([path, message]) => (message ? [{ path, message }] : []))
    if (errors.length > 0) return addForm(c, deps, typed, errors)
    try {
      const site = await createSite(deps, c.var.actor, typed)
      return seeOther(c, deps, `${LIST}/${site.slug}`, {
        tone: 'good',
        title: msg('{name} was added.', { name: site.name }),
        text: msg('Give it a site admin next, or add its first webhook.'),
        link: { href: `/sites/${site.slug}/admin`, label: msg('Go to its admin') },
      })
    } catch (error) {
      if (error instanceof AppError && error.errors.length > 0) return addForm(c, deps, typed, error.errors)
      throw error
    }
  },
})

function addForm(c: C, deps: Deps, typed: Typed, errors: readonly FieldError[]): Promise<Response> {
  const { t } = c.var
  return page(c, deps, 'pages/sites/new', {
    title: t('Add New Site'),
    crumbs: [{ href: LIST, label: t('Sites') }],
    ...(errors.length > 0 && { status: 422, notices: [faultsNotice(t, errors)] }),
    data: { ...typed, errors: errorsByPath(errors, t) },
  })
}
