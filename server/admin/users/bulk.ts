import { peopleById, type Person } from '../../../db/queries/people.ts'
import { changePerson, logOutEverywhere, removePerson } from '../../access/people.ts'
import { roles } from '../../access/roles.ts'
import type { Handlers } from '../../api/handlers.ts'
import type { Deps } from '../../deps.ts'
import { AppError } from '../../lib/errors.ts'
import { isId } from '../../lib/ids.ts'
import { msg, type Message } from '../../lib/message.ts'
import type { C } from '../../web/env.ts'
import type { Notice } from '../../web/flash.ts'
import { bulkAction, doneBut } from '../bulk.ts'

/** What can be done with several people at once. */
type Act = 'delete' | 'log-out' | (typeof roles)[number]
const acts: readonly Act[] = ['delete', 'log-out', ...roles.filter((role) => role !== 'site_admin')]

/** Bulk actions of the list. */
export const userBulkRoutes = (deps: Deps): Handlers => ({
  'POST /network/users/bulk': (c) => {
    const { t } = c.var
    return bulkAction(c, deps, {
      list: '/network/users',
      isId: (text) => isId('usr', text),
      acts,
      read: (ids) => peopleById(deps.db, ids),
      ask: (chosen) => ({
        before: 'delete',
        title: t.n('Delete 1 user?', 'Delete {count} users?', chosen.length),
        list: t('Users'),
        names: chosen.map(({ name, email }) => `${name}, ${email}`),
        text: t('Their sessions end and their API keys die. The audit log keeps their names.'),
        button: t('Delete'),
      }),
      run: (chosen, act) => run(c, deps, act, chosen),
    })
  },
})

/** Whoever acts is left out: an administrator who ticked all would lock themselves out. */
async function run(c: C, deps: Deps, act: Act, chosen: readonly Person[]): Promise<Notice> {
  const { actor } = c.var
  let done = 0
  for (const person of chosen) {
    if (person.id !== actor.id && (await acted(deps, c, act, person))) done++
  }
  const left = chosen.length - done
  return doneBut(left, doneWords(act, done), msg('{left} were left out: yourself, and the last super admin.', { left }))
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
