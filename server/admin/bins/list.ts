import { binPage, binsById, countBins, type BinView } from '../../../db/queries/bins.ts'
import { setting } from '../../../db/queries/settings.ts'
import { siteNames } from '../../../db/queries/sites.ts'
import { addBin, removeBin, wrongBin } from '../../api/bin-changes.ts'
import type { Handlers } from '../../api/handlers.ts'
import type { Deps } from '../../deps.ts'
import { can } from '../../lib/actor.ts'
import { AppError, type FieldError } from '../../lib/errors.ts'
import { isId, newId } from '../../lib/ids.ts'
import { msg } from '../../lib/message.ts'
import type { BinAnswer } from '../../webhooks/bins/answer.ts'
import type { C } from '../../web/env.ts'
import { seeOther } from '../../web/flash.ts'
import { errorsByPath, readForm } from '../../web/forms.ts'
import { bulkAction } from '../bulk.ts'
import { binsHelp } from '../help.ts'
import { listing } from '../listing.ts'
import { onceIn } from '../once.ts'
import { faultsNotice, page, type Shown } from '../page.ts'
import { screenOf } from '../screen.ts'
import { answerWords } from './words.ts'

const list = listing({
  word: 'state',
  views: ['caught', 'empty'] satisfies BinView[],
  columns: { name: 'name', caught: 'received', made: 'created_at' },
  usual: { by: 'created_at', descending: true },
})

export const binListRoutes = (deps: Deps): Handlers => ({
  'GET {area}/bins': (c) => listPage(c, deps, { name: '', id: newId('bin', deps) }),

  'POST {area}/bins': async (c) => {
    const { actor, scope, t } = c.var
    const form = await readForm(c)
    const typed = { name: form.get('name').trim(), id: onceIn(form, 'bin', deps) }
    const draft = { name: typed.name, answer: { kind: 'ok', figure: 0 }, webhookId: null } as const
    const errors = await wrongBin(deps, draft, scope.owner)
    if (errors.length > 0) return listPage(c, deps, typed, errors)
    try {
      const bin = await addBin(deps, actor, draft, scope.owner, typed.id)
      return seeOther(c, deps, `${scope.base}/bins/${bin.id}`, { tone: 'good', title: msg('The bin is ready.') })
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'conflict') throw error
      const title = t('No bin was made.')
      return listPage(c, deps, typed, [], { tone: 'bad', title, text: t.say(error.detail) })
    }
  },

  'POST {area}/bins/bulk': (c) => {
    const { actor, scope, t } = c.var
    return bulkAction(c, deps, {
      list: `${scope.base}/bins`,
      isId: (text) => isId('bin', text),
      acts: ['delete'],
      read: (ids) => binsById(deps.db, ids, scope.owner),
      ask: (chosen) => ({
        before: 'delete',
        title: t.n('Delete 1 bin?', 'Delete {count} bins?', chosen.length),
        list: t('Bins'),
        names: chosen.map(({ name }) => name),
        text: t(
          'Everything they caught is deleted with them, and requests to their addresses are refused from then on.',
        ),
        button: t('Delete'),
      }),
      run: async (chosen) => {
        for (const bin of chosen) await removeBin(deps, actor, bin)
        return { tone: 'good', title: msg('Bins deleted: {count}.', { count: chosen.length }) }
      },
    })
  },
})

async function listPage(
  c: C,
  deps: Deps,
  typed: { readonly name: string; readonly id: string },
  errors: readonly FieldError[] = [],
  refused?: Shown,
): Promise<Response> {
  const { actor, scope, t } = c.var
  const path = `${scope.base}/bins`
  const words = { caught: t('Caught'), empty: t('Nothing caught yet') }
  const asked = list.read(c)
  const filter = { owner: scope.site?.id ?? null, search: asked.q }
  const [screen, counts, own, most] = await Promise.all([
    screenOf(c, deps, 'bins'),
    countBins(deps.db, filter),
    countBins(deps.db, { owner: scope.owner }),
    setting(deps.db, 'bins'),
  ])
  const { slice, heads, frame } = list.page(c, asked, { path, rows: screen.rows, words, counts })
  const bins = await binPage(deps.db, { ...filter, view: asked.view }, slice)
  const sites = await siteNames(
    deps.db,
    scope.site === null ? bins.map(({ owner }) => owner).filter((owner) => owner !== 'network') : [],
  )
  return page(c, deps, 'pages/bins/list', {
    title: t('Bins'),
    lead: t('A bin catches whatever is sent to it, so that you see what a receiver would get.'),
    ...((errors.length > 0 || refused) && { status: refused ? 409 : 422 }),
    notices: [...(errors.length > 0 ? [faultsNotice(t, errors)] : []), ...(refused ? [refused] : [])],
    screen: screen.options,
    help: binsHelp(t),
    data: {
      path,
      shows: screen.shows,
      frame,
      heads,
      count: own.caught + own.empty,
      mayWrite: can(actor, 'webhooks:write', scope.owner),
      typed,
      errors: errorsByPath(errors, t),
      most: Number(most),
      bins: bins.map((bin) => ({
        id: bin.id,
        name: bin.name,
        site: sites.get(bin.owner) ?? null,
        received: bin.received,
        answer: answerWords(t, JSON.parse(bin.answer) as BinAnswer),
        createdAt: bin.created_at,
      })),
    },
  })
}
