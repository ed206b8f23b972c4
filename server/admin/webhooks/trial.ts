import { unsavedSecret } from '../../../db/queries/webhook-secrets.ts'
import type { Webhook } from '../../../db/queries/webhooks.ts'
import { sampleType, sendSample } from '../../api/send-sample.ts'
import type { Deps } from '../../deps.ts'
import { AppError, type FieldError } from '../../lib/errors.ts'
import { msg } from '../../lib/message.ts'
import type { C } from '../../web/env.ts'
import type { Translator } from '../../web/i18n.ts'
import type { WebhookDraft } from '../../webhooks/draft.ts'
import { UNREACHABLE } from '../../webhooks/outcome.ts'
import { isZapier } from '../../webhooks/presets.ts'
import { MASK, redactUrl } from '../../webhooks/redact.ts'
import { schemeOf } from '../../webhooks/sign.ts'
import { openSecret } from '../../webhooks/sealed.ts'
import { trialWebhook, type Exchange } from '../../webhooks/trial.ts'
import { noSecrets, openSecrets, type OpenSecrets } from '../../webhooks/webhook-secrets.ts'
import { readable } from '../../web/readable.ts'
import { statusText } from '../../web/status-text.ts'
import { adviceOn, answerOf } from '../answer.ts'
import { curlCommand } from '../curl.ts'
import type { Shown } from '../page.ts'
import type { FormState, Target } from './form-page.ts'
import { checkForm } from './check.ts'
import type { WebhookForm } from './form.ts'
import { readHeaderLines } from './header-lines.ts'

/** What a single request is not made of. */
const ofNoConcern = {
  description: '',
  all_events: false,
  condition: null,
  sites: [],
  rate_per_second: null,
  retry_schedule: [],
}

/** Sends a test with what stands in the form, and saves nothing. What comes back is to be shown with the form. */
export async function tryForm(c: C, deps: Deps, target: Target, form: WebhookForm, wanted: string): Promise<FormState> {
  const { actor, scope, t } = c.var
  const testEvent = wanted
  const failure = t('The test event was not sent.')
  try {
    const type = sampleType(deps, wanted || undefined, form.allEvents ? [] : form.events)
    // Only what a request is made of has to be right already.
    const delivery = { mode: form.mode }
    const instead = { ...ofNoConcern, name: type, events: [type], delivery }
    const read = await checkForm(c, deps, target, form, instead)
    if (!read.ok) return { testEvent, failure, errors: read.errors }
    const kept = keptSecrets(target, form, read.draft)
    if (kept.length > 0) return { testEvent, failure, errors: kept }
    const secrets = await secretsFor(c, deps, target, form, read.draft)
    if (!secrets) return { testEvent, failure, errors: [noSecret] }
    const { draft } = read
    const webhook = trialWebhook(draft, target.webhook?.id)
    const owner = target.webhook?.owner ?? scope.owner
    const exchange = await sendSample(deps, actor, { webhook, secrets, type, owner })
    return {
      testEvent,
      exchange,
      notices: [{ ...verdict(t, exchange), link: { href: '#test', text: t('See the exchange') } }],
    }
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    return { testEvent, status: error.status, notices: [{ tone: 'bad', title: failure, text: reasonOf(t, error) }] }
  }
}

/**
 * The stored secrets that this test would carry to another host than the one they were given for: a test must not be a way to
 * read them. A signature may go there, as it tells nothing of its secret.
 */
function keptSecrets({ webhook }: Target, form: WebhookForm, draft: WebhookDraft): FieldError[] {
  const home = webhook ? new URL(webhook.url).origin : null
  if (home === null || home === new URL(draft.url).origin) return []
  const { auth, password, token } = draft
  const stored = {
    'auth.password': auth === 'basic' && password === null,
    'auth.token': auth === 'bearer' && token === null,
    headers: Object.values(readHeaderLines(form.headers).headers).includes(MASK),
  }
  const message = msg('What is stored here goes to {origin} only. Enter it again to test another address.', {
    origin: home,
  })
  return Object.entries(stored).flatMap(([path, goesAlong]) => (goesAlong ? [{ path, message }] : []))
}

const noSecret: FieldError = {
  path: 'secret',
  message: msg('Generate a signature first, so that there is a secret to sign the test with.'),
}

const reasonOf = (t: Translator, { detail, errors }: AppError): string =>
  (errors.length > 0 ? errors.map(({ message }) => message) : [detail]).map((message) => t.say(message)).join(' ')

/** The secrets that the form would send with: typed or generated just now, else the stored ones; null when it lacks one. */
async function secretsFor(
  c: C,
  deps: Deps,
  { webhook }: Target,
  form: WebhookForm,
  draft: WebhookDraft,
): Promise<OpenSecrets | null> {
  const stored = webhook ? await openSecrets(deps, webhook.id) : noSecrets
  const fresh = draft.signing ? await unsavedSecret(deps.db, form.handle, c.var.actor.id) : undefined
  const signing = fresh ? [await openSecret(deps, fresh)] : stored.signing
  if (draft.signing && !signing.some((secret) => schemeOf(secret) === draft.signing?.scheme)) return null
  return {
    signing: draft.signing ? signing : [],
    password: draft.password ?? stored.password,
    token: draft.token ?? stored.token,
    headers: draft.headers,
  }
}

/** Sends a test with what is saved. */
export async function tryStored(c: C, deps: Deps, webhook: Webhook, wanted: string): Promise<Exchange> {
  const type = sampleType(deps, wanted, webhook.events)
  const secrets = await openSecrets(deps, webhook.id)
  return sendSample(deps, c.var.actor, { webhook, secrets, type, owner: webhook.owner })
}

/** What a test brought, in words: what is, then what to do. */
export function verdict(t: Translator, { ok, url, attempt }: Exchange): Shown {
  const { outcome, status, durationMs } = attempt
  if (ok) {
    const answer = t('{host} answered {answer} in {time}.', {
      host: new URL(url).host,
      answer: answerOf(t, outcome, status),
      time: t.duration(durationMs),
    })
    const zapier = isZapier(url) ? zapierSaysYes(t) : ''
    return { tone: 'good', title: t('Test event sent.'), text: `${answer} ${zapier}`.trim() }
  }
  if (status === null)
    return { tone: 'bad', title: t('The test event did not arrive.'), text: adviceOnSilence(t, attempt) }
  const { what, todo } = adviceOn(t, outcome, status)
  const gone = t('At a real event this answer would switch the webhook off.')
  return {
    tone: 'bad',
    title: t('The receiver did not take the test event.'),
    text: `${what} ${status === 410 ? gone : todo}`,
  }
}

/** A test tells several outcomes in one sentence, so that nobody learns from it which names exist inside. */
function adviceOnSilence(t: Translator, { outcome, error }: Exchange['attempt']): string {
  if (error === UNREACHABLE) return t(/* translated elsewhere */ UNREACHABLE)
  const { what, todo } = adviceOn(t, outcome, null)
  return `${what} ${todo}`
}

const zapierSaysYes = (t: Translator): string =>
  t('Zapier answers success even when the Zap is off: look there whether it arrived.')

/** The exchange as partials/exchange takes it. */
export const shownExchange = (t: Translator, exchange: Exchange) => {
  const { ok, url, requestBody, attempt } = exchange
  const { status } = attempt
  return {
    id: 'exchange',
    request: { url: redactUrl(url), headers: attempt.requestHeaders, body: requestBody },
    response: status !== null && {
      ok,
      status,
      text: statusText(status),
      durationMs: attempt.durationMs,
      headers: attempt.responseHeaders,
      body: readable(attempt.body).text,
      truncated: attempt.truncated,
    },
    error: status === null ? adviceOnSilence(t, attempt) : null,
    curl: curlCommand({
      url: redactUrl(url),
      headers: attempt.requestHeaders,
      body: requestBody,
      file: `${exchange.event}.json`,
    }),
  }
}
