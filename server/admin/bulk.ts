import type { Deps } from '../deps.ts'
import { msg, type Message } from '../lib/message.ts'
import type { C } from '../web/env.ts'
import { seeOther, type Notice } from '../web/flash.ts'
import { readForm, type Form } from '../web/forms.ts'
import { safeNext } from '../web/safe-url.ts'
import { page } from './page.ts'

/** What the bulk actions of all lists have in common. Each row has a commit of its own: what hinders one does not stop the others. */

const MOST_AT_ONCE = 100

/** The ticked rows by their names; a page that asked first sends them as one field. */
export const tickedIn = (form: Form, isName: (name: string) => boolean): readonly string[] =>
  [...new Set([...form.getAll('id'), ...form.get('ids').split(',')])].filter(isName).slice(0, MOST_AT_ONCE)

/** When nothing was ticked, or no bulk action chosen. */
export const nothingDone: Notice = {
  tone: 'info',
  title: msg('Nothing was done.'),
  text: msg('Tick what you want to change, and choose a bulk action.'),
}

/** What was done, and why some were left out, if any were. */
export const doneBut = (left: number, title: Message, why: Message): Notice =>
  left === 0 ? { tone: 'good', title } : { tone: 'warn', title, text: why }

/** The list that a button stands in, with its filters, as it says where to go back to; from elsewhere it is `otherwise`. */
export function backOf(deps: Pick<Deps, 'publicUrl'>, form: Form, list: string, otherwise = list): string {
  const back = form.has('back') ? safeNext(form.get('back'), deps.publicUrl()) : null
  return back !== null && new URL(back, deps.publicUrl()).pathname === list ? back : otherwise
}

interface Question<Act> {
  /** What cannot be undone. */
  readonly before: Act
  readonly title: string
  /** What the list is called. */
  readonly list: string
  /** What it is about. */
  readonly names: readonly string[]
  readonly text: string
  readonly button: string
}

interface Bulk<Row, Act> {
  /** The address of the list. */
  readonly list: string
  readonly isId: (text: string) => boolean
  readonly acts: readonly Act[]
  /** Those of these that are there for whoever asks, in any order. */
  readonly read: (ids: readonly string[]) => Promise<readonly Row[]>
  readonly ask?: (chosen: readonly Row[]) => Question<Act>
  readonly run: (chosen: readonly Row[], act: Act) => Promise<Notice>
}

/** Does to the ticked rows of a list what was chosen for them, after a page that asks first where it says so. */
export async function bulkAction<Row extends { readonly id: string }, Act extends string>(
  c: C,
  deps: Deps,
  { list, isId, acts, read, ask, run }: Bulk<Row, Act>,
): Promise<Response> {
  const form = await readForm(c)
  const back = backOf(deps, form, list)
  const ids = tickedIn(form, isId)
  const rows = new Map((await read(ids)).map((row) => [row.id, row]))
  // As they stand in the list.
  const chosen = ids.map((id) => rows.get(id)).filter((row) => row !== undefined)
  const act = acts.find((one) => one === form.get('action'))
  if (chosen.length === 0 || !act) return seeOther(c, deps, back, nothingDone)
  const question = ask?.(chosen)
  if (question?.before !== act || form.has('sure')) return seeOther(c, deps, back, await run(chosen, act))
  const { title, list: label, names, text, button } = question
  const fields = { action: act, sure: '1', ids: chosen.map(({ id }) => id).join(','), back }
  return page(c, deps, 'pages/list/confirm', {
    title,
    crumbs: [{ href: back, label }],
    data: { names, text, button, action: c.req.path, cancel: back, fields },
  })
}
