import { isConstraint } from '../../../db/db.ts'
import { MAIN_SITE } from '../../../db/queries/sites.ts'
import { sourceById } from '../../../db/queries/sources.ts'
import type { Handlers } from '../../api/handlers.ts'
import type { Deps } from '../../deps.ts'
import { notFound, type FieldError } from '../../lib/errors.ts'
import { newId } from '../../lib/ids.ts'
import { msg } from '../../lib/message.ts'
import type { SourceKind } from '../../plugin/host.ts'
import { readSource } from '../../sources/draft.ts'
import { addSource } from '../../sources/lifecycle.ts'
import type { C } from '../../web/env.ts'
import { seeOther } from '../../web/flash.ts'
import { readForm } from '../../web/forms.ts'
import { onceIn } from '../once.ts'
import { faultsNotice, page } from '../page.ts'
import { chosenSite } from '../sites/choice.ts'
import { blankForm, inputOf, sentForm } from './form.ts'
import { formData, type Filled } from './form-page.ts'

export const addSourceRoutes = (deps: Deps): Handlers => ({
  'GET {area}/sources/new': async (c) => {
    const kind = deps.host.sources().find(({ name }) => name === c.req.query('kind'))
    return kind ? formPage(c, deps, kind, newId('src', deps), { form: blankForm(kind) }) : choicePage(c, deps)
  },

  'POST {area}/sources/new': async (c) => {
    const { actor, scope } = c.var
    const sent = await readForm(c)
    const kind = deps.host.sources().find(({ name }) => name === sent.get('kind'))
    if (!kind) throw notFound()
    const id = onceIn(sent, 'src', deps)
    const form = sentForm(kind, sent)
    if (sent.get('intent') !== '')
      return formPage(c, deps, kind, id, { form, preview: sent.get('intent') === 'preview' })
    const site = scope.site ?? (form.site === '' ? { id: MAIN_SITE } : await chosenSite(deps, form.site))
    const read = readSource(deps.host, kind, inputOf(kind, form, deps.host.eventType(form.event)))
    const errors: FieldError[] = [
      ...(site ? [] : [{ path: 'site', message: msg('There is no site of this name.') }]),
      ...(read.ok ? [] : read.errors),
    ]
    if (!site || !read.ok) return formPage(c, deps, kind, id, { form, errors })
    try {
      await addSource(deps, actor, { ...read.draft, id, kind: kind.name, site: site.id })
    } catch (error) {
      const before = isConstraint(error) ? await sourceById(deps.db, id) : undefined
      if (before?.created_by !== actor.id) throw error
    }
    return seeOther(c, deps, `${scope.base}/sources/${id}`, {
      tone: 'good',
      title: msg('{name} was added.', { name: read.draft.name }),
      text: msg('Now tell the other side its address, as it says below.'),
    })
  },
})

/** Which kind of source: who sends. */
async function choicePage(c: C, deps: Deps): Promise<Response> {
  const { scope, t } = c.var
  const site = scope.site?.id ?? MAIN_SITE
  const running = await deps.host.running(site)
  const kinds = deps.host.sources().map((kind) => ({
    name: kind.name,
    title: t(/* translated elsewhere */ kind.title),
    description: t(/* translated elsewhere */ kind.description),
    plugin: t(/* translated elsewhere */ kind.pluginTitle),
    runs: running.has(kind.plugin),
  }))
  return page(c, deps, 'pages/sources/kinds', {
    title: t('Add New Source'),
    crumbs: crumbs(c),
    lead: t('Who sends?'),
    data: { path: `${scope.base}/sources/new`, kinds },
  })
}

async function formPage(c: C, deps: Deps, kind: SourceKind, id: string, filled: Filled): Promise<Response> {
  const { scope, t } = c.var
  const { errors = [] } = filled
  return page(c, deps, 'pages/sources/new', {
    title: t('Add source: {kind}', { kind: t(/* translated elsewhere */ kind.title) }),
    crumbs: crumbs(c),
    lead: t(/* translated elsewhere */ kind.description),
    ...(errors.length > 0 && { status: 422, notices: [faultsNotice(t, errors)] }),
    data: {
      ...(await formData(c, deps, kind, filled)),
      id,
      stored: { secret: false },
      action: `${scope.base}/sources/new`,
      cancel: `${scope.base}/sources`,
      steps: kind.steps.map((step) => t.say(step)),
    },
  })
}

const crumbs = (c: C) => [{ href: `${c.var.scope.base}/sources`, label: c.var.t('Sources') }]
