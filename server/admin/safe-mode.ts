import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import type { Handlers } from '../api/handlers.ts'
import type { Deps } from '../deps.ts'
import { can } from '../lib/actor.ts'
import { msg } from '../lib/message.ts'
import type { C } from '../web/env.ts'
import { seeOther } from '../web/flash.ts'
import { readForm } from '../web/forms.ts'

/*
 * Safe mode for one person: a super admin who cannot work because of what plugins put into pages. It lasts as long as the
 * browser's session and changes nothing for anybody else; deliveries, listeners and crons go on.
 */

type Home = Pick<Deps, 'publicUrl'>

const isHttps = (home: Home) => home.publicUrl().startsWith('https:')
const nameOf = (home: Home) => (isHttps(home) ? '__Host-safe-mode' : 'safe-mode')

/** Whether the pages of this person show nothing of plugins. */
export const isSafe = (c: C, home: Home): boolean => {
  const { actor } = c.var
  return actor !== undefined && getCookie(c, nameOf(home)) === actor.id && can(actor, 'network:write', 'network')
}

export const safeModeRoutes = (deps: Deps): Handlers => ({
  'POST /network/safe-mode': async (c) => {
    const on = (await readForm(c)).get('on') === '1'
    const options = { path: '/', httpOnly: true, sameSite: 'Lax', secure: isHttps(deps) } as const
    if (on) setCookie(c, nameOf(deps), c.var.actor.id, options)
    else deleteCookie(c, nameOf(deps), options)
    return seeOther(c, deps, '/network/plugins', {
      tone: 'good',
      title: on ? msg('Your pages show nothing of plugins now.') : msg('Your pages show plugins again.'),
    })
  },
})
