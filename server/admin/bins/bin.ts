import { binById, captureById, capturesAfter, capturesBefore } from '../../../db/queries/bins.ts'
import { settings } from '../../../db/queries/settings.ts'
import { webhookNames } from '../../../db/queries/webhooks.ts'
import type { BinTable, CaptureTable } from '../../../db/schema.ts'
import { changeBin, clearBin, removeBin, wrongBin } from '../../api/bin-changes.ts'
import type { Handlers } from '../../api/handlers.ts'
import type { Deps } from '../../deps.ts'
import { can } from '../../lib/actor.ts'
import { notFound, type FieldError } from '../../lib/errors.ts'
import { isId } from '../../lib/ids.ts'
import { msg } from '../../lib/message.ts'
import { binUrl } from '../../webhooks/bins/address.ts'
import { answerKinds, figures, type BinAnswer } from '../../webhooks/bins/answer.ts'
import type { BinDraft } from '../../webhooks/bins/make.ts'
import type { C } from '../../web/env.ts'
import { seeOther } from '../../web/flash.ts'
import { errorsByPath, readForm, type Form } from '../../web/forms.ts'
import { binsHelp } from '../help.ts'
import { logPage } from '../log-page.ts'
import { faultsNotice, page } from '../page.ts'
import { shownCapture, type Opened } from './capture.ts'
import { answerChoices, verdictWords } from './words.ts'

const ON_A_PAGE = 50

export const binRoutes = (deps: Deps): Handlers => ({
  'GET {area}/bins/:id': async (c) => binPage(c, deps, await binOf(c, deps)),

  'POST {area}/bins/:id': async (c) => {
    const { actor, scope } = c.var
    const bin = await binOf(c, deps)
    const { typed, errors } = await readBin(deps, bin, await readForm(c))
    if (errors.length > 0) return binPage(c, deps, bin, { errors, typed })
    await changeBin(deps, actor, bin, typed)
    return seeOther(c, deps, `${scope.base}/bins/${bin.id}`, { tone: 'good', title: msg('The bin is saved.') })
  },

  'GET {area}/bins/:id/clear': async (c) => {
    const { scope, t } = c.var
    const bin = await binOf(c, deps)
    const path = `${scope.base}/bins/${bin.id}`
    return page(c, deps, 'pages/bins/clear', {
      title: t('Clear {name}?', { name: bin.name }),
      crumbs: [{ href: path, label: bin.name }],
      data: { path },
    })
  },

  'POST {area}/bins/:id/clear': async (c) => {
    const { actor, scope } = c.var
    const bin = await binOf(c, deps)
    await clearBin(deps, actor, bin)
    return seeOther(c, deps, `${scope.base}/bins/${bin.id}`, { tone: 'good', title: msg('The bin is empty.') })
  },

  'GET {area}/bins/:id/delete': async (c) => {
    const { scope, t } = c.var
    const bin = await binOf(c, deps)
    const path = `${scope.base}/bins/${bin.id}`
    return page(c, deps, 'pages/bins/delete', {
      title: t('Delete {name}?', { name: bin.name }),
      crumbs: [{ href: path, label: bin.name }],
      data: { path },
    })
  },

  'POST {area}/bins/:id/delete': async (c) => {
    const { actor, scope } = c.var
    const bin = await binOf(c, deps)
    await removeBin(deps, actor, bin)
    return seeOther(c, deps, `${scope.base}/bins`, {
      tone: 'good',
      title: msg('{name} is deleted.', { name: bin.name }),
    })
  },
})

/** The bin of the URL, where the area reaches it. Throws `not_found`. */
export async function binOf(c: C, deps: Deps): Promise<BinTable> {
  const id = c.req.param('id') ?? ''
  const bin = isId('bin', id) ? await binById(deps.db, id, c.var.scope.owner) : undefined
  if (!bin) throw notFound()
  return bin
}

async function readBin(
  deps: Deps,
  { owner }: BinTable,
  form: Form,
): Promise<{ typed: BinDraft; errors: readonly FieldError[] }> {
  const kind = answerKinds.find((one) => one === form.get('answer')) ?? 'ok'
  const usual = figures[kind]?.usual
  const figure = usual === undefined ? 0 : Number(form.get('figure').trim() || usual)
  const typed = { name: form.get('name').trim(), answer: { kind, figure }, webhookId: form.get('webhook') || null }
  const errors = await wrongBin(deps, typed, owner)
  // In the form the figure is a field of its own.
  return { typed, errors: errors.map((error) => ({ ...error, path: error.path.replace('answer.', '') })) }
}

interface State {
  readonly errors?: readonly FieldError[]
  readonly typed?: BinDraft
  /** What somebody did with a request just now. */
  readonly opened?: Opened
}

/** A bin: its address, what it answers, what it caught, and one of the requests. */
export async function binPage(c: C, deps: Deps, bin: BinTable, state: State = {}): Promise<Response> {
  const { actor, scope, t } = c.var
  const { errors = [], opened = {} } = state
  const [{ rows: captures, newer, older }, webhooks, limits] = await Promise.all([
    capturesAt(c, deps, bin),
    webhookNames(deps.db, bin.owner),
    settings(deps.db, ['bin_captures', 'keep_days_captures']),
  ])
  const path = `${scope.base}/bins/${bin.id}`
  const url = binUrl(deps.publicUrl(), bin.token)
  const wanted = c.req.param('capture') ?? c.req.query('capture')
  const chosen = captures.find(({ id }) => id === wanted) ?? (await captureIn(deps, bin, wanted)) ?? captures[0]
  const webhook = webhooks.find(({ id }) => id === bin.webhook_id)?.name ?? null
  const answer = state.typed?.answer ?? (JSON.parse(bin.answer) as BinAnswer)
  return page(c, deps, 'pages/bins/bin', {
    title: bin.name,
    crumbs: [{ href: `${scope.base}/bins`, label: t('Bins') }],
    head: 'pages/bins/head',
    help: binsHelp(t),
    ...(errors.length > 0 && { status: 422 }),
    notices: [...(errors.length > 0 ? [faultsNotice(t, errors)] : []), ...(opened.notices ?? [])],
    data: {
      path,
      url,
      mayWrite: can(actor, 'webhooks:write', scope.owner),
      name: state.typed?.name ?? bin.name,
      answer: answer.kind,
      figure: figures[answer.kind] ? answer.figure : '',
      webhook: state.typed ? (state.typed.webhookId ?? '') : (bin.webhook_id ?? ''),
      errors: errorsByPath(errors, t),
      answers: answerChoices(t),
      webhooks: webhooks.map(({ id, name }) => ({ value: id, label: name })),
      kept: { most: Number(limits.bin_captures), days: Number(limits.keep_days_captures) },
      captures: captures.map((capture) => ({
        ...titleOf(capture),
        id: capture.id,
        at: capture.at,
        verdict: verdictWords(t, capture.verdict, webhook),
        status: capture.status,
        current: capture.id === chosen?.id,
      })),
      at: searchOf(positionsIn(c)),
      newer: newer && path + searchOf({ after: newer.id }),
      older: older && path + searchOf({ before: older.id }),
      one: chosen ? { ...titleOf(chosen), ...shownCapture(t, chosen, { url, webhook, path, opened }) } : null,
    },
  })
}

/** Requests in front of or behind which the list stands, as the URL says. */
function positionsIn({ req }: C) {
  const idAt = (name: string) => {
    const id = req.query(name) ?? ''
    return isId('cap', id) ? id : null
  }
  return { after: idAt('after'), before: idAt('before') }
}

const searchOf = ({ after = null, before = null }: { after?: string | null; before?: string | null }): string =>
  after !== null ? `?after=${after}` : before !== null ? `?before=${before}` : ''

/** The page of requests that the URL asks for; the newest where nothing of it is left. */
async function capturesAt(c: C, deps: Deps, { id }: BinTable) {
  const read = (at: ReturnType<typeof positionsIn>) =>
    logPage<CaptureTable, string>(
      {
        after: (capture, limit) => capturesAfter(deps.db, id, capture, limit),
        before: (capture, limit) => capturesBefore(deps.db, id, capture, limit),
      },
      { ...at, size: ON_A_PAGE },
    )
  const found = await read(positionsIn(c))
  return found.rows.length > 0 ? found : read({ after: null, before: null })
}

/** One that stands on another page of the list. */
async function captureIn(deps: Deps, bin: BinTable, id = ''): Promise<CaptureTable | undefined> {
  const capture = isId('cap', id) ? await captureById(deps.db, id) : undefined
  return capture?.bin_id === bin.id ? capture : undefined
}

/** The event that a request tells of, or else how it came. */
function titleOf({ method, headers }: CaptureTable): { event: string | null; method: string } {
  const list = JSON.parse(headers) as [string, string][]
  return { event: list.find(([name]) => name === 'hookline-event')?.[1] ?? null, method }
}
