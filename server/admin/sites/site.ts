import { peopleOfSite } from '../../../db/queries/people.ts'
import { keyList } from '../../../db/queries/api-keys.ts'
import { pluginsOfSite } from '../../../db/queries/plugins.ts'
import { MAIN_SITE, siteBySlugOrId, type Site } from '../../../db/queries/sites.ts'
import { countWebhooks } from '../../../db/queries/webhooks.ts'
import { keyState } from '../../access/api-keys.ts'
import { changeSite, deleteSite, wrongSiteName } from '../../access/sites.ts'
import type { Handlers } from '../../api/handlers.ts'
import type { Deps } from '../../deps.ts'
import { can } from '../../lib/actor.ts'
import { notFound, type FieldError } from '../../lib/errors.ts'
import { msg } from '../../lib/message.ts'
import { roomFor } from '../../webhooks/quota.ts'
import type { C } from '../../web/env.ts'
import { seeOther } from '../../web/flash.ts'
import { errorsByPath, readForm } from '../../web/forms.ts'
import { backOf } from '../bulk.ts'
import { faultsNotice, page } from '../page.ts'

const LIST = '/network/sites'
const SHOWN = 10

/** One site as it is: what it is called, what it has, and what can be done with it. */
export const siteAsIsRoutes = (deps: Deps): Handlers => ({
  'GET /network/sites/:id': async (c) => sitePage(c, deps, await asked(c, deps)),

  'POST /network/sites/:id': async (c) => {
    const [site, form] = await Promise.all([asked(c, deps), readForm(c)])
    const name = form.get('name').trim()
    const wrong = wrongSiteName(name)
    if (wrong) return sitePage(c, deps, { ...site, name }, [{ path: 'name', message: wrong }])
    await changeSite(deps, c.var.actor, site, { name })
    return seeOther(c, deps, pathOf(site), { tone: 'good', title: msg('{name} saved.', { name }) })
  },

  'POST /network/sites/:id/archive': async (c) => {
    const [site, form] = await Promise.all([asked(c, deps), readForm(c)])
    const { name } = await changeSite(deps, c.var.actor, site, { state: 'archived' })
    const text = msg('Its webhooks send nothing, its API keys are refused, and no events are taken for it.')
    const back = backOf(deps, form, LIST, pathOf(site))
    return seeOther(c, deps, back, { tone: 'good', title: msg('{name} is archived.', { name }), text })
  },

  'POST /network/sites/:id/restore': async (c) => {
    const [site, form] = await Promise.all([asked(c, deps), readForm(c)])
    const { name } = await changeSite(deps, c.var.actor, site, { state: 'active' })
    deps.wake()
    const text = msg('What was held because of it goes out.')
    const back = backOf(deps, form, LIST, pathOf(site))
    return seeOther(c, deps, back, { tone: 'good', title: msg('{name} is back.', { name }), text })
  },

  'GET /network/sites/:id/delete': async (c) => deletePage(c, deps, await asked(c, deps), []),

  'POST /network/sites/:id/delete': async (c) => {
    const site = await siteBySlugOrId(deps.db, c.req.param('id') ?? '')
    // Sent twice: it is gone, which is what was asked for.
    if (!site) return c.redirect(LIST, 303)
    const typed = (await readForm(c)).get('slug').trim()
    if (typed !== site.slug) {
      const message = msg('Type {slug} to confirm.', { slug: site.slug })
      return deletePage(c, deps, site, [{ path: 'slug', message }])
    }
    await deleteSite(deps, c.var.actor, site)
    return seeOther(c, deps, LIST, { tone: 'good', title: msg('{name} is deleted.', { name: site.name }) })
  },
})

const pathOf = ({ slug }: Site): string => `${LIST}/${slug}`

async function asked(c: C, deps: Deps): Promise<Site> {
  const site = await siteBySlugOrId(deps.db, c.req.param('id') ?? '')
  if (!site) throw notFound()
  return site
}

async function sitePage(c: C, deps: Deps, site: Site, errors: readonly FieldError[] = []): Promise<Response> {
  const { actor, t } = c.var
  const [webhooks, room, people, keys, all, own] = await Promise.all([
    countWebhooks(deps.db, { owner: site.id }),
    roomFor(deps.db, site.id),
    peopleOfSite(deps.db, site.id, SHOWN + 1),
    keyList(deps.db, site.id, SHOWN + 1),
    deps.host.plugins(),
    pluginsOfSite(deps.db, site.id),
  ])
  const now = deps.clock()
  const admin = `/sites/${site.slug}/admin`
  return page(c, deps, 'pages/sites/site', {
    title: site.name,
    crumbs: [{ href: LIST, label: t('Sites') }],
    action: { href: admin, label: t('Go to its admin'), icon: 'external' },
    ...(errors.length > 0 && { status: 422, notices: [faultsNotice(t, errors)] }),
    data: {
      site,
      path: pathOf(site),
      admin,
      isMain: site.id === MAIN_SITE,
      mayWrite: can(actor, 'network:write', 'network'),
      webhooks,
      count: Object.values(webhooks).reduce((sum, count) => sum + count, 0),
      room,
      people: people.slice(0, SHOWN),
      morePeople: people.length > SHOWN,
      keys: keys.slice(0, SHOWN).map((key) => ({ name: key.name, hint: key.hint, state: keyState(key, now) })),
      moreKeys: keys.length > SHOWN,
      plugins: all
        .filter(({ slug, state }) => state === 'active' || own.includes(slug))
        .map(({ title }) => t(/* translated elsewhere */ title)),
      errors: errorsByPath(errors, t),
    },
  })
}

function deletePage(c: C, deps: Deps, site: Site, errors: readonly FieldError[]): Promise<Response> {
  const { t } = c.var
  return page(c, deps, 'pages/sites/delete', {
    title: t('Delete {name}?', { name: site.name }),
    crumbs: [{ href: pathOf(site), label: site.name }],
    ...(errors.length > 0 && { status: 422, notices: [faultsNotice(t, errors)] }),
    data: { site, path: pathOf(site), isMain: site.id === MAIN_SITE, errors: errorsByPath(errors, t) },
  })
}
