import type { Deps } from '../deps.ts'
import { msg } from '../lib/message.ts'
import type { C } from '../web/env.ts'
import type { Notice } from '../web/flash.ts'
import type { Form } from '../web/forms.ts'
import { safeNext } from '../web/safe-url.ts'
import { page } from './page.ts'

/** What the bulk actions of all lists have in common. Each row has a commit of its own: what hinders one does not stop the others. */

const MOST_AT_ONCE = 100

/** The ticked rows by their names; a page that asked first sends them as one field. */
export const tickedIn = (form: Form, isName: (name: string) => boolean): readonly string[] =>
  [...new Set([...form.getAll('id'), ...form.get('ids').split(',')])].filter(isName).slice(0, MOST_AT_ONCE)

/** Whether the page that asks first was answered. */
export const isSure = (form: Form): boolean => form.has('sure')

/** When nothing was ticked, or no bulk action chosen. */
export const nothingDone: Notice = {
  tone: 'info',
  title: msg('Nothing was done.'),
  text: msg('Tick what you want to change, and choose a bulk action.'),
}

/** The list that a button stands in, with its filters, as it says where to go back to; from elsewhere it is `otherwise`. */
export function backOf(deps: Pick<Deps, 'publicUrl'>, form: Form, list: string, otherwise = list): string {
  const back = form.has('back') ? safeNext(form.get('back'), deps.publicUrl()) : null
  return back !== null && new URL(back, deps.publicUrl()).pathname === list ? back : otherwise
}

/** Asks before something that cannot be undone, and names what it is about. */
export const askFirst = (
  c: C,
  deps: Deps,
  asked: {
    readonly title: string
    /** What the list is called. */
    readonly list: string
    readonly back: string
    readonly names: readonly string[]
    readonly text: string
    readonly button: string
    readonly action: string
    readonly act: string
    readonly ids: readonly string[]
  },
): Promise<Response> => {
  const { title, list, back, names, text, button, action, act, ids } = asked
  const fields = { action: act, sure: '1', ids: ids.join(','), back }
  return page(c, deps, 'pages/list/confirm', {
    title,
    crumbs: [{ href: back, label: list }],
    data: { names, text, button, action, cancel: back, fields },
  })
}
