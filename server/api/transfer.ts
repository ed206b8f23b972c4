import { z } from 'zod'
import type { Deps } from '../deps.ts'
import { can, type Capability } from '../lib/actor.ts'
import { fail } from '../lib/errors.ts'
import { inEnglish } from '../lib/message.ts'
import { exportSetUp } from '../transfer/export.ts'
import { MOST_FILE_BYTES, readSetUp, setUpShape } from '../transfer/file.ts'
import { openSetUp, planImport, runImport, type Plan } from '../transfer/import.ts'
import { existing, type Item } from '../transfer/step.ts'
import type { C } from '../web/env.ts'
import { KIB, readJsonObject } from './body.ts'
import type { Handlers } from './handlers.ts'

/** The file as it is, with the passphrase of its secrets beside them. */
export const importBody = setUpShape.extend({ passphrase: z.string().optional() })

export const transferRoutes = (deps: Deps): Handlers => ({
  // Never with secrets: those are for people, who type a password.
  'GET /api/v1/export': async (c) => {
    return new Response(await exportSetUp(deps, c.var.actor, null), {
      headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
    })
  },

  'POST /api/v1/import': async (c) => {
    const { passphrase = '', ...file } = await readJsonObject(c, MOST_FILE_BYTES + KIB)
    if (typeof passphrase !== 'string') throw fail('bad_request', 'passphrase is a text.')
    const setUp = readSetUp(file)
    if (setUp.webhooks.length > 0) demand(c, 'webhooks:write')
    const choice = existing.find((one) => one === (c.req.query('existing') ?? 'change'))
    if (!choice) throw fail('bad_request', 'existing is change or keep.')
    const wanted = await openSetUp(deps, setUp, passphrase, choice)
    const isDry = flag(c, 'dry_run')
    const leaveOut = flag(c, 'leave_out')
    const plan = isDry
      ? await planImport(deps, c.var.actor, wanted)
      : await runImport(deps, c.var.actor, wanted, { leaveOut })
    return Response.json(show(plan, { dry_run: isDry, locked: wanted.locked }))
  },
})

/** A file shall not get by what the routes of its parts ask for. */
function demand(c: C, scope: Capability): void {
  if (!can(c.var.actor, scope, 'network')) throw fail('forbidden', 'This key lacks the scope {scope}.', { scope })
}

function flag(c: C, name: string): boolean {
  const text = c.req.query(name) ?? '0'
  if (!['0', '1', 'false', 'true'].includes(text)) throw fail('bad_request', '{name} is 1 or 0.', { name })
  return text === '1' || text === 'true'
}

const show = ({ counts, items }: Plan, more: { readonly dry_run: boolean; readonly locked: boolean }) => ({
  ...more,
  counts,
  items: items.map(showItem),
})

const showItem = ({ notes, errors, ...item }: Item) => ({
  ...item,
  notes: notes.map(inEnglish),
  errors: errors.map(({ path, message }) => ({ path, message: inEnglish(message) })),
})
