import type { Handlers } from '../api/handlers.ts'
import type { Deps } from '../deps.ts'
import { can } from '../lib/actor.ts'
import { msg } from '../lib/message.ts'
import { cookieOf, type Home } from '../web/cookie.ts'
import type { C } from '../web/env.ts'
import { seeOther } from '../web/flash.ts'
import { readForm } from '../web/forms.ts'

/*
 * Safe mode for one person: a super admin who cannot work because of what plugins put into pages. It lasts as long as the
 * browser's session and changes nothing for anybody else; deliveries, listeners and crons go on.
 */

const whose = cookieOf('safe-mode')

/** Whether the pages of this person show nothing of plugins. */
export const isSafe = (c: C, home: Home): boolean => {
  const { actor } = c.var
  return actor !== undefined && whose.read(c, home) === actor.id && can(actor, 'network:write', 'network')
}

export const safeModeRoutes = (deps: Deps): Handlers => ({
  'POST /network/safe-mode': async (c) => {
    const on = (await readForm(c)).get('on') === '1'
    if (on) whose.set(c, deps, c.var.actor.id)
    else whose.drop(c, deps)
    return seeOther(c, deps, '/network/plugins', {
      tone: 'good',
      title: on ? msg('Your pages show nothing of plugins now.') : msg('Your pages show plugins again.'),
    })
  },
})
