import { auditEntry } from '../access/audit.ts'
import { limitTests } from '../access/limits.ts'
import {
  bounds,
  networkSettings,
  readNetworkSettings,
  saveNetworkSettings,
  timeZones,
  wrongSettings,
  type NetworkSetting,
  type NetworkSettings,
} from '../access/network-settings.ts'
import { personById } from '../../db/queries/people.ts'
import type { Handlers } from '../api/handlers.ts'
import type { Deps } from '../deps.ts'
import { can } from '../lib/actor.ts'
import { notFound, type FieldError } from '../lib/errors.ts'
import { msg } from '../lib/message.ts'
import type { C } from '../web/env.ts'
import { seeOther } from '../web/flash.ts'
import { errorsByPath, readForm, type Form } from '../web/forms.ts'
import type { Translator } from '../web/i18n.ts'
import { sendTestMail } from '../webhooks/mail.ts'
import { senderOf } from '../webhooks/mail-text.ts'
import { isSending } from '../webhooks/sending.ts'
import { languages } from './language.ts'
import { faultsNotice, page, type Shown } from './page.ts'
import { conflictNotice } from './plugin-settings.ts'

const PATH = '/network/settings'

export const settingsRoutes = (deps: Deps): Handlers => ({
  'GET /network/settings': async (c) => {
    const { values, revision } = await readNetworkSettings(deps.db)
    return settingsPage(c, deps, values, revision)
  },

  'POST /network/settings': async (c) => {
    const form = await readForm(c)
    const typed = typedSettings(form)
    const errors = wrongSettings(typed)
    const given = form.get('revision')
    if (errors.length > 0) return settingsPage(c, deps, typed, given, { errors })
    const { values, revision } = await readNetworkSettings(deps.db)
    const differing = networkSettings.filter((name) => typed[name] !== values[name])
    if (differing.length > 0) {
      const isFresh = given === revision
      if (!isFresh || !(await saveNetworkSettings(deps, c.var.actor, values, typed, revision))) {
        return conflictPage(c, deps, typed)
      }
    }
    return seeOther(c, deps, PATH, { tone: 'good', title: msg('Settings saved.') })
  },

  'POST /network/settings/test-mail': async (c) => {
    const { actor, t } = c.var
    const person = await personById(deps.db, actor.id)
    if (!person) throw notFound()
    await limitTests(deps, actor.id)
    const audit = auditEntry(deps, actor, { action: 'mail.tested', target: 'network', owner: 'network' })
    await deps.db.commit(audit)
    const refused = await sendTestMail(deps, person.email, t)
    if (refused === null) {
      const text = msg('Look for it at {email}.', { email: person.email })
      return seeOther(c, deps, PATH, { tone: 'good', title: msg('The mail server took the test mail.'), text })
    }
    const text = msg('The mail server said: {error}', { error: refused })
    return seeOther(c, deps, PATH, { tone: 'bad', title: msg('The test mail did not go out.'), text })
  },
})

const typedSettings = (form: Form): NetworkSettings =>
  Object.fromEntries(networkSettings.map((name) => [name, form.get(name).trim()])) as NetworkSettings

/** Somebody else saved meanwhile: both values of each field, and the form keeps the typed ones. */
async function conflictPage(c: C, deps: Deps, typed: NetworkSettings): Promise<Response> {
  const { t } = c.var
  const { values, revision } = await readNetworkSettings(deps.db)
  const labels = labelsOf(t)
  const conflict = networkSettings
    .filter((name) => values[name] !== typed[name])
    .map((name) => ({ label: labels[name], stored: values[name], typed: typed[name] }))
  return settingsPage(c, deps, typed, revision, {
    conflict,
    notice: conflictNotice(t),
  })
}

const labelsOf = (t: Translator): Record<NetworkSetting, string> => ({
  network_name: t('Network name'),
  time_zone: t('Time zone'),
  language: t('Language'),
  payload_kib: t('Payload in KiB, at most'),
  webhooks_per_site: t('Webhooks of a site'),
  webhooks_per_network: t('Webhooks of the network'),
  attempts_at_once: t('Attempts at once'),
  attempts_per_webhook: t('At one webhook'),
  login_tries: t('Wrong passwords'),
  keep_days_events: t('Events and deliveries'),
  keep_days_answers: t('Answers of receivers'),
  keep_days_audit: t('Audit log'),
  keep_days_captures: t('Requests in bins'),
  backups_kept: t('Daily backups that are kept'),
  bins: t('Bins'),
  bin_captures: t('Requests in a bin'),
  mail_from: t('From address'),
  wu_query_credentials: t('Take credentials from the address'),
})

interface State {
  readonly errors?: readonly FieldError[]
  readonly conflict?: readonly { readonly label: string; readonly stored: string; readonly typed: string }[]
  readonly notice?: Shown
}

async function settingsPage(
  c: C,
  deps: Deps,
  values: NetworkSettings,
  revision: string,
  { errors = [], conflict = [], notice }: State = {},
): Promise<Response> {
  const { actor, t } = c.var
  const { config } = deps
  const status = errors.length > 0 ? 422 : conflict.length > 0 ? 409 : 200
  return page(c, deps, 'pages/settings/settings', {
    title: t('Settings'),
    status,
    notices: [...(notice ? [notice] : []), ...(errors.length > 0 ? [faultsNotice(t, errors)] : [])],
    data: {
      values,
      revision,
      labels: labelsOf(t),
      bounds,
      conflict,
      errors: errorsByPath(errors, t),
      mayWrite: can(actor, 'network:write', 'network'),
      timeZones: timeZones().map((zone) => ({ value: zone, label: zone.replaceAll('_', ' ') })),
      languages: languages(t),
      backups: deps.backups !== undefined,
      mail: deps.mailer !== undefined,
      sender: senderOf(deps.publicUrl()),
      sending: await isSending(deps),
      publicUrl: deps.publicUrl(),
      allowed: config.outboundAllow,
    },
  })
}
