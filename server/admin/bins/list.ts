import { binsOf } from '../../../db/queries/bins.ts'
import { setting } from '../../../db/queries/settings.ts'
import type { BinTable } from '../../../db/schema.ts'
import { addBin, wrongBin } from '../../api/bin-changes.ts'
import type { Handlers } from '../../api/handlers.ts'
import type { Deps } from '../../deps.ts'
import { can } from '../../lib/actor.ts'
import { AppError, type FieldError } from '../../lib/errors.ts'
import { msg } from '../../lib/message.ts'
import type { BinAnswer } from '../../webhooks/bins/answer.ts'
import type { C } from '../../web/env.ts'
import { seeOther } from '../../web/flash.ts'
import { errorsByPath, readForm } from '../../web/forms.ts'
import { frameOf, listing, rowsAt, sliceOf, type Asked } from '../listing.ts'
import { faultsNotice, page, type Shown } from '../page.ts'
import { screenOf } from '../screen.ts'
import { answerWords } from './words.ts'

const list = listing({ word: 'state', views: [], columns: ['name', 'caught', 'made'] })

export const binListRoutes = (deps: Deps): Handlers => ({
  'GET {area}/bins': (c) => listPage(c, deps, '', []),

  'POST {area}/bins': async (c) => {
    const { actor, scope, t } = c.var
    const name = (await readForm(c)).get('name').trim()
    const draft = { name, answer: { kind: 'ok', figure: 0 }, webhookId: null } as const
    const errors = await wrongBin(deps, draft, scope.owner)
    if (errors.length > 0) return listPage(c, deps, name, errors)
    try {
      const bin = await addBin(deps, actor, draft, scope.owner)
      return seeOther(c, deps, `${scope.base}/bins/${bin.id}`, { tone: 'good', title: msg('The bin is ready.') })
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'conflict') throw error
      const title = t('No bin was made.')
      return listPage(c, deps, name, [], { tone: 'bad', title, text: t.say(error.detail) })
    }
  },
})

/** The newest first, unless another order is asked for. */
function sorted(bins: readonly BinTable[], { sort }: Asked): readonly BinTable[] {
  if (!sort) return bins
  const by: Record<string, (a: BinTable, b: BinTable) => number> = {
    name: (a, b) => a.name.localeCompare(b.name),
    caught: (a, b) => a.received - b.received,
    made: (a, b) => a.created_at - b.created_at,
  }
  const ascending = bins.toSorted(by[sort.by])
  return sort.descending ? ascending.toReversed() : ascending
}

async function listPage(
  c: C,
  deps: Deps,
  name: string,
  errors: readonly FieldError[],
  refused?: Shown,
): Promise<Response> {
  const { actor, scope, t } = c.var
  const asked = list.read((name) => c.req.query(name))
  const [screen, all, most] = await Promise.all([
    screenOf(c, deps, 'bins'),
    binsOf(deps.db, scope.owner),
    setting(deps.db, 'bins'),
  ])
  // An owner has a hundred at most: they are read whole.
  const found = sorted(all, asked).filter((bin) => bin.name.toLowerCase().includes(asked.q.toLowerCase()))
  const slice = sliceOf(asked, found.length, screen.rows)
  const path = `${scope.base}/bins`
  return page(c, deps, 'pages/bins/list', {
    title: t('Bins'),
    lead: t('A bin catches whatever is sent to it, so that you see what a receiver would get.'),
    ...((errors.length > 0 || refused) && { status: refused ? 409 : 422 }),
    notices: [...(errors.length > 0 ? [faultsNotice(t, errors)] : []), ...(refused ? [refused] : [])],
    screen: screen.options,
    help: [
      t(
        'Give a webhook the address of a bin as its target, and look here at what it sends. Nothing leaves this network.',
      ),
      t('A bin keeps the latest requests for some days. What stands in Authorization and Cookie is masked.'),
    ],
    data: {
      path,
      shows: screen.shows,
      frame: frameOf(c, list, asked, { path, count: found.length, slice, views: [] }),
      heads: {
        name: list.head(path, asked, 'name'),
        caught: list.head(path, asked, 'caught'),
        made: list.head(path, asked, 'made'),
      },
      count: all.length,
      mayWrite: can(actor, 'webhooks:write', scope.owner),
      typed: name,
      errors: errorsByPath(errors, t),
      most: Number(most),
      bins: rowsAt(found, slice).map((bin) => ({
        id: bin.id,
        name: bin.name,
        received: bin.received,
        answer: answerWords(t, JSON.parse(bin.answer) as BinAnswer),
        createdAt: bin.created_at,
      })),
    },
  })
}
