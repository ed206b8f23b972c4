import { requestsAt, sourceById, type SourceRow } from '../../../db/queries/sources.ts'
import type { SourceLogTable } from '../../../db/schema.ts'
import type { Handlers } from '../../api/handlers.ts'
import type { Deps } from '../../deps.ts'
import { can } from '../../lib/actor.ts'
import { notFound, type FieldError } from '../../lib/errors.ts'
import { isId } from '../../lib/ids.ts'
import { msg, type Message } from '../../lib/message.ts'
import type { SourceKind } from '../../plugin/host.ts'
import { readSource } from '../../sources/draft.ts'
import {
  changeSource,
  openAddress,
  OVERLAP_HOURS,
  removeSource,
  rotateToken,
  switchSource,
} from '../../sources/lifecycle.ts'
import type { C } from '../../web/env.ts'
import { seeOther } from '../../web/flash.ts'
import { readForm } from '../../web/forms.ts'
import type { Translator } from '../../web/i18n.ts'
import { backOf } from '../bulk.ts'
import { faultsNotice, page, type Shown } from '../page.ts'
import { differences } from './differences.ts'
import { inputOf, sentForm, storedForm } from './form.ts'
import { formData, kindOf, type Filled } from './form-page.ts'

const SHOWN = 20

/** One source: its address, what to do with it, what came in, and all that can be changed about it. */
export const sourceRoutes = (deps: Deps): Handlers => ({
  'GET {area}/sources/:id': async (c) => sourcePage(c, deps, await asked(c, deps)),

  'POST {area}/sources/:id': async (c) => {
    const [source, sent] = await Promise.all([asked(c, deps), readForm(c)])
    const kind = kindOf(deps, source.kind)
    const form = sentForm(kind, sent)
    if (sent.get('intent') !== '')
      return sourcePage(c, deps, source, { form, preview: sent.get('intent') === 'preview' })
    const read = readSource(deps.host, kind, inputOf(kind, form, deps.host.eventType(form.event)))
    if (!read.ok) return sourcePage(c, deps, source, { form, errors: read.errors })
    const revision = Number(sent.get('revision'))
    const saved = await changeSource(deps, c.var.actor, { ...source, revision }, read.draft)
    return saved
      ? seeOther(c, deps, pathOf(c, source), { tone: 'good', title: msg('{name} saved.', { name: read.draft.name }) })
      : sourcePage(c, deps, await asked(c, deps), { form, isStale: true })
  },

  'POST {area}/sources/:id/address': async (c) => {
    const [source, sent] = await Promise.all([asked(c, deps), readForm(c)])
    const atOnce = sent.has('at_once')
    const made = await rotateToken(deps, c.var.actor, source, { atOnce })
    if (made === null) return sourcePage(c, deps, source, { isStale: true })
    return seeOther(c, deps, pathOf(c, source), {
      tone: 'good',
      title: msg('{name} has a new address.', { name: source.name }),
      text: atOnce
        ? msg('The old address no longer works. Paste the new one at the other side now.')
        : msg('Paste it at the other side. The old address works for {hours} more hours.', { hours: OVERLAP_HOURS }),
    })
  },

  'POST {area}/sources/:id/retire': async (c) => {
    const [source, sent] = await Promise.all([asked(c, deps), readForm(c)])
    await switchSource(deps, c.var.actor, source, 'retired')
    const text = msg('It no longer accepts requests. Activate brings it back.')
    return seeOther(c, deps, backOf(deps, sent, listOf(c), pathOf(c, source)), {
      tone: 'good',
      title: msg('{name} is retired.', { name: source.name }),
      text,
    })
  },

  'POST {area}/sources/:id/activate': async (c) => {
    const [source, sent] = await Promise.all([asked(c, deps), readForm(c)])
    await switchSource(deps, c.var.actor, source, 'active')
    return seeOther(c, deps, backOf(deps, sent, listOf(c), pathOf(c, source)), {
      tone: 'good',
      title: msg('{name} is active.', { name: source.name }),
    })
  },

  'GET {area}/sources/:id/delete': async (c) => {
    const { t } = c.var
    const source = await asked(c, deps)
    return page(c, deps, 'pages/sources/delete', {
      title: t('Delete {name}?', { name: source.name }),
      crumbs: [{ href: pathOf(c, source), label: source.name }],
      data: { path: pathOf(c, source) },
    })
  },

  'POST {area}/sources/:id/delete': async (c) => {
    const source = await asked(c, deps)
    await removeSource(deps, c.var.actor, source)
    return seeOther(c, deps, listOf(c), {
      tone: 'good',
      title: msg('{name} is deleted.', { name: source.name }),
    })
  },
})

const listOf = (c: C): string => `${c.var.scope.base}/sources`
const pathOf = (c: C, source: SourceRow): string => `${listOf(c)}/${source.id}`

/** The source of the URL, if it is in this area. Throws `not_found`. */
async function asked(c: C, deps: Deps): Promise<SourceRow> {
  const id = c.req.param('id') ?? ''
  const source = isId('src', id) ? await sourceById(deps.db, id, c.var.scope.owner) : undefined
  if (!source) throw notFound()
  return source
}

interface State extends Partial<Filled> {
  readonly isStale?: boolean
}

async function sourcePage(c: C, deps: Deps, source: SourceRow, state: State = {}): Promise<Response> {
  const { actor, scope, t } = c.var
  const { errors = [], isStale = false } = state
  const kind = kindOf(deps, source.kind)
  const mayWrite = can(actor, 'webhooks:write', scope.owner)
  const [runs, address, taken, refused, form] = await Promise.all([
    deps.host.running(source.site_id).then((running) => running.has(kind.plugin)),
    mayWrite ? openAddress(deps, source) : null,
    requestsAt(deps.db, source.id, 1, SHOWN),
    requestsAt(deps.db, source.id, 0, SHOWN),
    formData(c, deps, kind, { ...state, form: state.form ?? storedForm(kind, source) }),
  ])
  const now = deps.clock()
  return page(c, deps, 'pages/sources/source', {
    title: source.name,
    crumbs: [{ href: `${scope.base}/sources`, label: t('Sources') }],
    ...(isStale ? { status: 409 } : errors.length > 0 && { status: 422 }),
    notices: [
      ...(errors.length > 0 ? [faultsNotice(t, errors)] : []),
      ...(isStale ? [stale(t)] : []),
      ...needs(c, source, kind, runs),
    ],
    data: {
      ...form,
      source,
      conflict: isStale && state.form ? differences(t, kind, storedForm(kind, source), state.form) : [],
      stored: { secret: source.secret !== null },
      path: `${scope.base}/sources/${source.id}`,
      mayWrite,
      address,
      oldUntil: source.previous_until !== null && source.previous_until > now ? source.previous_until : null,
      overlapHours: OVERLAP_HOURS,
      steps: kind.steps.map((step) => t.say(step)),
      log: [...taken, ...refused].sort((a, b) => (a.id < b.id ? 1 : -1)).map((row) => shownRequest(deps, t, row)),
      now,
    },
  })
}

const stale = (t: Translator): Shown => ({
  tone: 'warn',
  title: t('Somebody else saved this source while you had it open.'),
  text: t('Nothing of yours is saved yet. Compare, change what you want, and save again.'),
})

/** Why nothing is taken, if nothing is. */
function needs(c: C, source: SourceRow, kind: SourceKind, runs: boolean): Shown[] {
  const { actor, t } = c.var
  if (source.state === 'retired') {
    return [{ tone: 'info', title: t('This source is retired.'), text: t('Whoever posts to it is refused.') }]
  }
  const title = t('This source takes nothing yet.')
  if (!runs) {
    const plugin = t(/* translated elsewhere */ kind.pluginTitle)
    const text = t('It belongs to the plugin {plugin}, which is not active here.', { plugin })
    const link = { href: '/network/plugins', text: t('Go to Plugins') }
    return [{ tone: 'warn', title, text, ...(can(actor, 'network:read', 'network') && { link }) }]
  }
  if (kind.secret?.required && source.secret === null) {
    return [{ tone: 'warn', title, text: t('Enter its secret, so that signatures can be checked.') }]
  }
  return []
}

function shownRequest(deps: Deps, t: Translator, row: SourceLogTable) {
  const { detail, errors } = (row.reason === null ? { detail: null, errors: [] } : JSON.parse(row.reason)) as {
    detail: Message | null
    errors: readonly FieldError[]
  }
  return {
    at: row.at,
    status: row.status,
    wasTaken: row.was_taken === 1,
    reason: detail === null ? '' : t.say(detail),
    problems: errors.map(({ path, message }) => `${path}: ${t.say(message)}`),
    events: (JSON.parse(row.events) as string[]).map((name) => ({
      name,
      title: t(/* translated elsewhere */ deps.host.eventType(name)?.title ?? name),
    })),
  }
}
