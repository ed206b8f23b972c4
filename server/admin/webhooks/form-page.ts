import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { siteById, siteFor } from '../../../db/queries/sites.ts'
import { countWebhooks, type Webhook } from '../../../db/queries/webhooks.ts'
import { choosableFormats } from '../../api/draft-rules.ts'
import type { Deps } from '../../deps.ts'
import type { Owner } from '../../lib/actor.ts'
import type { AppError, FieldError } from '../../lib/errors.ts'
import { newId } from '../../lib/ids.ts'
import { msg } from '../../lib/message.ts'
import type { EventType } from '../../plugin/host.ts'
import type { C } from '../../web/env.ts'
import { errorsByPath } from '../../web/forms.ts'
import type { Translator } from '../../web/i18n.ts'
import { formats, renderBody, type Timestamp } from '../../webhooks/formats.ts'
import { makeBody } from '../../webhooks/make-body.ts'
import { checkUrl, urlRules } from '../../webhooks/address.ts'
import { formatNetwork } from '../../webhooks/network.ts'
import { presets, type Preset } from '../../webhooks/presets.ts'
import { quotaReached, roomFor } from '../../webhooks/quota.ts'
import type { Exchange } from '../../webhooks/trial.ts'
import { curlCommand } from '../curl.ts'
import { webhooksHelp } from '../help.ts'
import { faultsNotice, page, type Shown } from '../page.ts'
import { isSafe } from '../safe-mode.ts'
import { eventGroups, eventReference, type EventGroup } from './events.ts'
import { atFields } from './check.ts'
import { choicesState } from './choices.ts'
import { factsOf } from './facts.ts'
import { receiverOf, type WebhookForm } from './form.ts'
import { withoutValues } from './header-lines.ts'
import { needsOf } from './needs.ts'
import { overviewOf } from './overview.ts'
import { routeOf } from './route.ts'
import { secretState } from './secret.ts'
import { snippets } from './snippets.ts'
import { shownExchange } from './trial.ts'
import type { Difference } from './words.ts'

/** What the form is about: a stored webhook as it was when the form was made, or the id of one to be. */
export interface Target {
  readonly id: string
  readonly webhook: Webhook | null
  readonly revision: number
}

export interface StoredTarget extends Target {
  readonly webhook: Webhook
}

export const newTarget = (id: string): Target => ({ id, webhook: null, revision: 0 })
export const targetOf = (webhook: Webhook, revision = webhook.revision): StoredTarget => ({
  id: webhook.id,
  webhook,
  revision,
})

export interface FormState {
  readonly errors?: readonly FieldError[]
  /** What did not happen because of them, where it is not saving. */
  readonly failure?: string
  readonly notices?: readonly Shown[]
  readonly status?: ContentfulStatusCode
  /** A signing secret that somebody asked to see just now. */
  readonly secret?: string
  readonly exchange?: Exchange
  /** The event that was chosen for tests. */
  readonly testEvent?: string
  readonly conflict?: readonly Difference[]
}

/** The page that adds a webhook and the one that edits it: one form. */
export async function formPage(
  c: C,
  deps: Deps,
  target: Target,
  form: WebhookForm,
  state: FormState = {},
): Promise<Response> {
  const { scope, t } = c.var
  const { webhook } = target
  const owner = webhook?.owner ?? scope.owner
  const errors = atFields(state.errors ?? [])
  const sample = sampleOf(deps, form, state.testEvent)
  const [secret, preview, choices, groups, facts, overview, room] = await Promise.all([
    secretState(c, deps, webhook, form.handle),
    previewOf(c, deps, form, sample, owner, webhook),
    choicesState(c, deps, form, sample, owner),
    eventGroups(deps, t, owner, form.events),
    webhook ? factsOf(c, deps, webhook) : null,
    webhook ? overviewOf(c, deps, webhook) : null,
    webhook ? null : fullness(deps, owner),
  ])
  const notices: Shown[] = [
    ...(state.notices ?? []),
    ...(errors.length > 0 ? [{ ...faultsNotice(t, errors), ...(state.failure && { title: state.failure }) }] : []),
    ...(room ? [{ tone: 'warn', title: t.say(room.detail) } as const] : []),
    ...(webhook && state.secret === undefined ? await needsOf(c, deps, webhook) : []),
  ]
  const status = state.status ?? (errors.length > 0 ? 422 : undefined)
  const { password: _, token: __, ...fields } = form
  return page(c, deps, 'pages/webhooks/form', {
    title: webhook?.name ?? t('Add New Webhook'),
    crumbs: [{ href: `${scope.base}/webhooks`, label: t('Webhooks') }],
    head: 'pages/webhooks/head',
    notices,
    help: webhooksHelp(t),
    ...(status && { status }),
    data: {
      id: target.id,
      revision: target.revision,
      isNew: webhook === null,
      action: `${scope.base}/webhooks/${webhook?.id ?? 'new'}`,
      list: `${scope.base}/webhooks`,
      zone: c.var.networkZone,
      fields: { ...fields, handle: secret.handle, headers: withoutValues(form.headers) },
      kept: { password: webhook?.auth === 'basic', token: webhook?.auth === 'bearer' },
      lost: {
        password: form.password !== '',
        token: form.token !== '',
        headers: withoutValues(form.headers) !== form.headers,
      },
      choices,
      errors: errorsByPath(errors, t),
      groups,
      chosen: form.events.length,
      secret: { ...secret, shown: state.secret ?? null },
      // Code of no concern to a form that signs nothing.
      snippets: form.signs ? snippets : [],
      preview,
      presets: presetChoices(t, form),
      chips: groups.flatMap(({ events }) => events.filter(({ chosen }) => chosen)),
      insecure: isInsecure(deps, form.url),
      testEvents: eventOptions(c, groups),
      testEvent: state.testEvent ?? '',
      exchange: state.exchange ? shownExchange(t, state.exchange) : null,
      conflict: state.conflict ?? [],
      facts,
      route: webhook && routeOf(deps, t, webhook),
      overview,
      reference: eventReference(deps, t, webhook && !form.allEvents ? form.events : null),
    },
  })
}

/** The kinds of receivers to start from, and what to watch at the one that was chosen or that the address tells. */
function presetChoices(t: Translator, form: WebhookForm) {
  const { watch } = receiverOf(form)
  return {
    list: presets.map(({ name, title }) => ({
      name,
      title: name === 'own' ? t('Own code') : title,
      chosen: name === form.preset,
    })),
    watch: watch.map((message) => t.say(message)),
  }
}

/** Whether what is sent there can be read on the way. What goes to a bin of ours never leaves the process. */
function isInsecure(deps: Deps, url: string): boolean {
  const checked = checkUrl(url, urlRules(deps))
  return checked.ok && checked.insecure
}

/** Why no further webhook fits, or null where there is room. */
async function fullness(deps: Deps, owner: Owner): Promise<AppError | null> {
  const room = await roomFor(deps.db, owner)
  if (room === null) return null
  const counts = await countWebhooks(deps.db, { owner })
  return Object.values(counts).reduce((sum, count) => sum + count, 0) >= room ? quotaReached(owner, room) : null
}

/** The event type that samples on the page are of: the one chosen for tests, else the first chosen, else the first there is. */
function sampleOf(deps: Deps, form: WebhookForm, wanted = ''): EventType | undefined {
  const first = form.allEvents ? undefined : form.events.map((name) => deps.host.eventType(name)).find(Boolean)
  return deps.host.eventType(wanted) ?? first ?? deps.host.eventTypes()[0]
}

/** The exact body of the sample in each format, and first, while the webhook is new, in the one that it takes by itself. */
async function previewOf(
  c: C,
  deps: Deps,
  form: WebhookForm,
  type: EventType | undefined,
  owner: Owner,
  webhook: Webhook | null,
) {
  const { t } = c.var
  const plugins = !isSafe(c, deps)
  const [site, network] = await Promise.all([siteById(deps.db, siteFor(owner)), formatNetwork(deps)])
  const event = {
    id: newId('evt', deps),
    type: type?.name ?? '',
    occurredAt: deps.clock(),
    site: site?.slug ?? '',
    data: type?.sample ?? {},
  }
  const own = Object.values(formats).map((format) => ({
    name: format.name,
    title: format.title,
    contentType: format.contentType,
    timestamps: format.timestamps ?? [],
    body: renderBody(format, event, network, format.timestamps ? { timestamp: timestampOf(form) } : {}),
  }))
  const more = await Promise.all(
    (await choosableFormats(deps, owner, webhook)).map(async (format) => {
      const made = plugins ? await makeBody(deps, format.name, event) : { ok: true as const, text: '' }
      return { ...format, timestamps: [], body: made.ok ? made.text : made.why }
    }),
  )
  const list = [...own, ...more]
  const receiver = receiverOf(form)
  const suited = list.find(({ name }) => name === receiver.format)
  const first = suited && webhook === null ? [{ ...suited, name: '', title: msg('What suits the receiver').text }] : []
  const chosen = list.find(({ name }) => name === (form.format || receiver.format)) ?? list[0]
  const command = curlCommand({
    url: form.url.trim() || 'https://example.com/',
    headers: [['content-type', chosen?.contentType ?? '']],
    body: chosen?.body ?? '',
    file: 'sample.json',
  })
  return {
    of: type?.name ?? '',
    formats: [...first, ...list],
    suits: suited ? suitedWords(t, receiver, suited.title) : '',
    curl: { title: chosen?.title ?? '', command },
  }
}

const suitedWords = (t: Translator, { title, host }: Preset, format: string): string =>
  host === null
    ? t('Standard, or Flat where only one level of fields is read, as at Zapier')
    : t('{format}, because this is {receiver}', { format: t(/* translated elsewhere */ format), receiver: title })

const timestampOf = ({ timestamp }: WebhookForm): Timestamp =>
  timestamp === 'seconds' || timestamp === 'iso' ? timestamp : 'milliseconds'

const eventOptions = ({ var: { t } }: C, groups: readonly EventGroup[]) => [
  { value: '', label: t('The first chosen event') },
  ...groups.flatMap(({ events }) => events.map(({ name, title }) => ({ value: name, label: title }))),
]
