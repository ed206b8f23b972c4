import type { Refusal } from '../../access/access.ts'
import type { Handlers } from '../../api/handlers.ts'
import type { Deps } from '../../deps.ts'
import { can } from '../../lib/actor.ts'
import { isoTime } from '../../lib/clock.ts'
import { fail, type FieldError } from '../../lib/errors.ts'
import { msg } from '../../lib/message.ts'
import { exportSetUp } from '../../transfer/export.ts'
import { SHORTEST_PASSPHRASE, wrongPassphrase } from '../../transfer/sealed-secrets.ts'
import type { C } from '../../web/env.ts'
import { errorsByPath, readForm, type Form } from '../../web/forms.ts'
import { faultsNotice, page } from '../page.ts'
import { refusalNotice, refusalStatus } from '../password-try.ts'

export const exportRoutes = (deps: Deps): Handlers => ({
  'GET /network/export': (c) => exportPage(c, deps),

  'POST /network/export': async (c) => {
    const form = await readForm(c)
    if (!secretFields.some((name) => form.get(name) !== '')) return download(deps, c, null)
    if (!can(c.var.actor, 'network:write', 'network')) throw fail('forbidden', 'Only super admins export secrets.')
    const passphrase = form.get('passphrase')
    const errors = wrongFields(form)
    if (errors.length > 0) return exportPage(c, deps, { errors })
    const confirmed = await deps.access.confirm(c.var.actor, form.get('password'))
    if (!confirmed.ok) return exportPage(c, deps, { refused: confirmed })
    return download(deps, c, passphrase)
  },
})

/** Whoever fills in one of them wants the secrets. */
const secretFields = ['passphrase', 'passphrase_again', 'password'] as const

function wrongFields(form: Form): FieldError[] {
  const wrong = wrongPassphrase(form.get('passphrase'))
  if (wrong) return [{ path: 'passphrase', message: wrong }]
  const message = msg('The two differ. Type the passphrase twice the same.')
  return form.get('passphrase') === form.get('passphrase_again') ? [] : [{ path: 'passphrase_again', message }]
}

async function download(deps: Deps, c: C, passphrase: string | null): Promise<Response> {
  const text = await exportSetUp(deps, c.var.actor, passphrase)
  const day = isoTime(deps.clock()).slice(0, 10)
  return new Response(text, {
    headers: {
      'content-type': 'application/json; charset=utf-8',
      'content-disposition': `attachment; filename="hookline-set-up-${day}.json"`,
      'cache-control': 'no-store',
    },
  })
}

interface State {
  readonly errors?: readonly FieldError[]
  readonly refused?: Refusal
}

function exportPage(c: C, deps: Deps, { errors = [], refused }: State = {}): Promise<Response> {
  const { actor, t } = c.var
  const wrong = errors.length > 0 ? [faultsNotice(t, errors)] : []
  return page(c, deps, 'pages/transfer/export', {
    title: t('Export'),
    lead: t('The set-up of this network as one file: to move it, to keep it, or to compare two of them line by line.'),
    ...(errors.length > 0 && { status: 422 }),
    ...(refused && refusalStatus(refused)),
    notices: refused ? [refusalNotice(t, refused, t('The password is wrong.'))] : wrong,
    data: {
      errors: errorsByPath(errors, t),
      withSecrets: errors.length > 0 || refused !== undefined,
      mayWrite: can(actor, 'network:write', 'network'),
      shortest: SHORTEST_PASSPHRASE,
    },
  })
}
