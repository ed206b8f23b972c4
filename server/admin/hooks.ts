import { auditEntry } from '../access/audit.ts'
import type { Handlers } from '../api/handlers.ts'
import type { Deps } from '../deps.ts'
import { msg } from '../lib/message.ts'
import type { C } from '../web/env.ts'
import { seeOther } from '../web/flash.ts'
import { readForm } from '../web/forms.ts'

export const hookRoutes = (deps: Deps): Handlers => ({
  'POST /network/hooks/mute': (c) => turn(deps, c, true),
  'POST /network/hooks/unmute': (c) => turn(deps, c, false),
})

/** Mutes one handler, or lets it run again, with the entry of the audit log in the same commit. */
async function turn(deps: Deps, c: C, off: boolean): Promise<Response> {
  const { actor } = c.var
  const handler = (await readForm(c)).get('handler') ?? ''
  const statements = off ? await deps.host.mute(handler, actor.name) : await deps.host.unmute(handler)
  const action = off ? 'handler.muted' : 'handler.unmuted'
  await deps.db.commit([...statements, ...auditEntry(deps, actor, { action, target: handler, owner: 'network' })])
  return seeOther(c, deps, '/network/plugins', {
    tone: 'good',
    title: off ? msg('{handler} is muted.', { handler }) : msg('{handler} runs again.', { handler }),
  })
}
