import { personById, type Person } from '../../../db/queries/people.ts'
import { changePerson, logOutEverywhere, removePerson } from '../../access/people.ts'
import { roles } from '../../access/roles.ts'
import type { Handlers } from '../../api/handlers.ts'
import type { Deps } from '../../deps.ts'
import { AppError } from '../../lib/errors.ts'
import { isId } from '../../lib/ids.ts'
import { msg, type Message } from '../../lib/message.ts'
import type { C } from '../../web/env.ts'
import { seeOther, type Notice } from '../../web/flash.ts'
import { readForm, type Form } from '../../web/forms.ts'
import { safeNext } from '../../web/safe-url.ts'
import { page } from '../page.ts'

const LIST = '/network/users'
const MOST_AT_ONCE = 100

/** What can be done with several people at once. */
type Act = 'delete' | 'log-out' | (typeof roles)[number]
const acts: readonly Act[] = ['delete', 'log-out', ...roles.filter((role) => role !== 'site_admin')]

/** Bulk actions of the list. Each person has a commit of their own: what one of them hinders does not stop the others. */
export const userBulkRoutes = (deps: Deps): Handlers => ({
  'POST /network/users/bulk': async (c) => {
    const form = await readForm(c)
    const asked = safeNext(form.get('back'), deps.publicUrl())
    const back = asked?.startsWith(LIST) ? asked : LIST
    const chosen = await chosenOf(deps, form)
    const act = acts.find((one) => one === form.get('action'))
    if (chosen.length === 0 || !act) {
      const text = msg('Tick the users that it is about, and choose a bulk action.')
      return seeOther(c, deps, back, { tone: 'info', title: msg('Nothing was done.'), text })
    }
    if (act === 'delete' && !form.has('sure')) return confirmPage(c, deps, chosen, back)
    return seeOther(c, deps, back, await run(c, deps, act, chosen))
  },
})

async function chosenOf(deps: Deps, form: Form): Promise<Person[]> {
  const ids = [...new Set([...form.getAll('id'), ...form.get('ids').split(',')])].filter((id) => isId('usr', id))
  const found = await Promise.all(ids.slice(0, MOST_AT_ONCE).map((id) => personById(deps.db, id)))
  return found.filter((person) => person !== undefined)
}

function confirmPage(c: C, deps: Deps, chosen: readonly Person[], back: string): Promise<Response> {
  const { t } = c.var
  return page(c, deps, 'pages/users/delete-many', {
    title: t.n('Delete 1 user?', 'Delete {count} users?', chosen.length),
    crumbs: [{ href: back, label: t('Users') }],
    data: {
      cancel: back,
      people: chosen.map(({ name, email }) => ({ name, email })),
      fields: { action: 'delete', sure: '1', ids: chosen.map(({ id }) => id).join(','), back },
    },
  })
}

/** Whoever acts is left out: an administrator who ticked all would lock themselves out. */
async function run(c: C, deps: Deps, act: Act, chosen: readonly Person[]): Promise<Notice> {
  const { actor } = c.var
  let done = 0
  for (const person of chosen) {
    if (person.id !== actor.id && (await acted(deps, c, act, person))) done++
  }
  const left = chosen.length - done
  return {
    tone: left === 0 ? 'good' : 'warn',
    title: doneWords(act, done),
    ...(left > 0 && { text: msg('{left} were left out: yourself, and the last super admin.', { left }) }),
  }
}

async function acted(deps: Deps, c: C, act: Act, person: Person): Promise<boolean> {
  const { actor } = c.var
  try {
    if (act === 'delete') await removePerson(deps, actor, person)
    else if (act === 'log-out') await logOutEverywhere(deps, actor, person)
    else await changePerson(deps, actor, person, { role: act, siteId: 'network' })
    return true
  } catch (error) {
    if (error instanceof AppError && error.code === 'conflict') return false
    throw error
  }
}

function doneWords(act: Act, count: number): Message {
  if (act === 'delete') return msg('Users deleted: {count}.', { count })
  if (act === 'log-out') return msg('Users logged out everywhere: {count}.', { count })
  return msg('Users with a new role: {count}.', { count })
}
