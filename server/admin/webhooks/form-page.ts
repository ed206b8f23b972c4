import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { siteById } from '../../../db/queries/sites.ts'
import { secretsOf, type Webhook } from '../../../db/queries/webhooks.ts'
import type { Deps } from '../../deps.ts'
import { can, type Owner } from '../../lib/actor.ts'
import type { FieldError } from '../../lib/errors.ts'
import { newId } from '../../lib/ids.ts'
import type { C } from '../../web/env.ts'
import { errorsByPath } from '../../web/forms.ts'
import { formats, renderBody } from '../../webhooks/formats.ts'
import { unsavedSecret } from '../../webhooks/lifecycle.ts'
import { formatNetwork } from '../../webhooks/network.ts'
import { quotaReached, roomFor } from '../../webhooks/quota.ts'
import type { Exchange } from '../../webhooks/trial.ts'
import { faultsNotice, page, type Shown } from '../page.ts'
import { eventGroups, eventReference } from './events.ts'
import { isZapier, atFields, type WebhookForm } from './form.ts'
import { factsOf } from './facts.ts'
import { needsOf } from './needs.ts'
import { shownExchange } from './trial.ts'
import type { Difference } from './words.ts'

/** What the form is about: a stored webhook as it was when the form was made, or the id of one to be. */
export interface Target {
  readonly id: string
  readonly webhook: Webhook | null
  readonly revision: number
}

export const newTarget = (deps: Deps): Target => ({ id: newId('whk', deps), webhook: null, revision: 0 })
export const targetOf = (webhook: Webhook, revision = webhook.revision): Target => ({
  id: webhook.id,
  webhook,
  revision,
})

export interface FormState {
  readonly errors?: readonly FieldError[]
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
  const [secret, preview, groups, facts, room] = await Promise.all([
    secretOf(c, deps, target, form),
    previewOf(deps, form, owner),
    eventGroups(deps, t, owner, form.events),
    webhook ? factsOf(c, deps, webhook) : null,
    webhook ? null : fullness(deps, owner),
  ])
  const notices: Shown[] = [
    ...(state.notices ?? []),
    ...(errors.length > 0 ? [faultsNotice(t, errors)] : []),
    ...(room ? [{ tone: 'warn', title: t.say(room.detail) } as const] : []),
    ...(webhook && state.secret === undefined ? needsOf(c, webhook) : []),
  ]
  const status = state.status ?? (errors.length > 0 ? 422 : undefined)
  const { password: _, ...fields } = form
  return page(c, deps, 'pages/webhooks/form', {
    title: webhook?.name ?? t('Add New Webhook'),
    crumbs: [{ href: `${scope.base}/webhooks`, label: t('Webhooks') }],
    notices,
    ...(status && { status }),
    data: {
      ...target,
      isNew: webhook === null,
      full: room !== null,
      action: `${scope.base}/webhooks/${webhook?.id ?? 'new'}`,
      list: `${scope.base}/webhooks`,
      fields: { ...fields, handle: secret.handle },
      passwordKept: webhook?.auth === 'basic',
      passwordLost: form.password !== '',
      errors: errorsByPath(errors, t),
      groups,
      chosen: form.events.length,
      secret: { ...secret, shown: state.secret ?? null },
      preview,
      zapier: isZapier(form.url),
      insecure: URL.parse(form.url)?.protocol === 'http:',
      testEvents: eventOptions(deps, c),
      testEvent: state.testEvent ?? '',
      exchange: state.exchange ? shownExchange(t, state.exchange) : null,
      conflict: state.conflict ?? [],
      facts,
      reference: eventReference(deps, t),
    },
  })
}

/** Why no further webhook fits, or null where there is room. */
async function fullness(deps: Deps, owner: Owner) {
  const room = await roomFor(deps.db, owner)
  if (room === null) return null
  const { count } = await deps.db.q
    .selectFrom('webhook')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('owner', '=', owner)
    .executeTakeFirstOrThrow()
  return Number(count) >= room ? quotaReached(room) : null
}

/** Which signing secret the form is about: one that it generated, else the stored one. Never the secret itself. */
async function secretOf(c: C, deps: Deps, { webhook }: Target, form: WebhookForm) {
  const { actor } = c.var
  const fresh = form.handle === '' ? undefined : await unsavedSecret(deps, form.handle, actor.id)
  const kept = webhook?.auth === 'signature' ? await secretsOf(deps.db, webhook.id) : []
  const stored = kept.find((secret) => secret.kind === 'v1')
  const secret = fresh ?? stored
  return {
    handle: fresh?.id ?? '',
    isFresh: fresh !== undefined,
    exists: secret !== undefined,
    isTaken: (secret?.taken_at ?? null) !== null,
    madeAt: secret?.created_at ?? 0,
    mayShow: webhook === null || can(actor, 'webhooks:secrets', webhook.owner),
  }
}

/** The exact body in each format, for the sample of the first chosen event. */
async function previewOf(deps: Deps, form: WebhookForm, owner: Owner) {
  const first = form.allEvents ? undefined : form.events.map((name) => deps.host.eventType(name)).find(Boolean)
  const type = first ?? deps.host.eventTypes()[0]
  const [site, network] = await Promise.all([
    siteById(deps.db, owner === 'network' ? 'sit_main' : owner),
    formatNetwork(deps),
  ])
  const event = {
    id: newId('evt', deps),
    type: type?.name ?? '',
    occurredAt: deps.clock(),
    site: site?.slug ?? '',
    data: type?.sample ?? {},
  }
  const bodies = Object.values(formats).map((format) => ({
    name: format.name,
    title: format.title,
    contentType: format.contentType,
    body: renderBody(format, event, network),
  }))
  return { of: type?.name ?? '', formats: bodies }
}

const eventOptions = (deps: Deps, { var: { t } }: C) => [
  { value: '', label: t('The first chosen event') },
  ...deps.host.eventTypes().map((type) => ({ value: type.name, label: t(/* translated elsewhere */ type.title) })),
]
