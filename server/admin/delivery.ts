import { attemptsOf, bodiesOf, deliveryById, type DeliveryRow } from '../../db/queries/deliveries.ts'
import { membersOf } from '../../db/queries/batches.ts'
import { eventById } from '../../db/queries/events.ts'
import { webhookById } from '../../db/queries/webhooks.ts'
import type { AttemptTable } from '../../db/schema.ts'
import type { Handlers } from '../api/handlers.ts'
import { redeliverOne, whyNotRedeliver } from '../api/redelivery.ts'
import type { Deps } from '../deps.ts'
import { can } from '../lib/actor.ts'
import { fromBase64 } from '../lib/base64.ts'
import { SECOND } from '../lib/clock.ts'
import { newId } from '../lib/ids.ts'
import { msg } from '../lib/message.ts'
import { aboutFormat, UNMADE } from '../webhooks/make-body.ts'
import { isWaiting } from '../webhooks/cancel.ts'
import { presentBody, sentIn, type Sent } from '../webhooks/sent.ts'
import { seeOther } from '../web/flash.ts'
import { readForm } from '../web/forms.ts'
import type { Translator } from '../web/i18n.ts'
import { readable } from '../web/readable.ts'
import { statusText } from '../web/status-text.ts'
import { adviceOn, answerOf } from './answer.ts'
import { binChoice } from './bins/copy.ts'
import { comparison } from './compare.ts'
import { curlCommand } from './curl.ts'
import { backTo } from './deliveries.ts'
import { deliveriesHelp } from './help.ts'
import { page, type Shown } from './page.ts'
import { erasedNotice, erasedOn } from './erased.ts'
import { deliveryOf } from './repair.ts'

export const deliveryRoutes = (deps: Deps): Handlers => ({
  'GET {area}/deliveries/:id': async (c) => {
    const delivery = await deliveryOf(deps, c)
    const { t, scope, actor } = c.var
    const [webhook, event, attempts, bodies, members, batch] = await Promise.all([
      webhookById(deps.db, delivery.webhook_id),
      eventById(deps.db, delivery.event_id),
      attemptsOf(deps.db, delivery.id),
      bodiesOf(deps.db, delivery.event_id),
      delivery.type === 'batch' ? membersOf(deps.db, delivery.id) : [],
      delivery.batch_id ? deliveryById(deps.db, delivery.batch_id) : undefined,
    ])
    const present = { url: delivery.webhook_url, format: webhook?.format, bodies }
    const chosen = attempts.find(({ number }) => number === Number(c.req.query('attempt'))) ?? attempts.at(-1)
    const sent = chosen ? sentIn(chosen, present) : { url: null, body: presentBody(present) }
    const { body } = sent
    const host = URL.parse(delivery.webhook_url ?? sent.url ?? '')?.host ?? null
    const failed = chosen !== undefined && chosen.outcome !== 'ok' && delivery.erased_at === null
    const what = delivery.type === 'batch' ? t('Batch') : delivery.type
    const whyNot = whyNotRedeliver(delivery)
    const notice = noticeOf(t, delivery)
    const title = deps.host.eventType(delivery.type)?.title
    return page(c, deps, 'pages/deliveries/delivery', {
      title: host === null ? what : t('{event} to {host}', { event: what, host }),
      crumbs: [{ href: `${scope.base}/deliveries`, label: t('Deliveries') }],
      head: 'pages/deliveries/head',
      ...(title && { lead: t(/* translated elsewhere */ title) }),
      help: deliveriesHelp(t),
      data: {
        notices: [
          ...(notice ? [notice] : []),
          ...(delivery.erased_at === null ? [] : [erasedNotice(t, delivery.erased_at)]),
        ],
        again: againIn(delivery, deps.clock()),
        delivery: { ...delivery, path: `${scope.base}/deliveries/${delivery.id}` },
        members,
        batch: batch && { id: batch.id, state: batch.state, path: `${scope.base}/deliveries/${batch.id}` },
        mayCancel: can(actor, 'deliveries:write', scope.owner) && isWaiting(delivery),
        mayRedeliver: can(actor, 'deliveries:write', scope.owner),
        whyNot: whyNot && t.say(whyNot),
        attempts: attempts.toReversed().map((attempt) => timelineItem(t, attempt, chosen)),
        most: webhook ? (JSON.parse(webhook.retry_schedule) as number[]).length + 1 : null,
        waitsAsAsked: delivery.state === 'retrying' && asksForPatience(attempts.at(-1)),
        happened: event?.created_at ?? delivery.created_at,
        format: body ? (aboutFormat(deps, body.format_key)?.title ?? body.format_key) : null,
        body: body?.text ?? null,
        bytes: body ? new TextEncoder().encode(body.text).length : 0,
        exchange: chosen ? exchangeOf(t, delivery, chosen, sent) : null,
        bins: await binChoice(c, deps, delivery),
        once: newId('bin', deps),
        comparison: failed ? await comparison(t, deps, { delivery, attempt: chosen, sent }) : null,
        now: deps.clock(),
      },
    })
  },

  'POST {area}/deliveries/:id/redeliver': async (c) => {
    const delivery = await deliveryOf(deps, c)
    const form = await readForm(c)
    // From a row of the list back to the list, from the delivery's own page back to that.
    const path = form.has('back') ? backTo(c, form.get('back')) : `${c.var.scope.base}/deliveries/${delivery.id}`
    const refused = await redeliverOne(deps, c.var.actor, delivery)
    if (refused) {
      return seeOther(c, deps, path, { tone: 'bad', title: msg('It was not redelivered.'), text: refused })
    }
    const link = { href: `${c.var.scope.base}/deliveries/${delivery.id}`, label: msg('See what becomes of it') }
    return seeOther(c, deps, path, {
      tone: 'good',
      title: msg('{event} is being redelivered.', { event: delivery.type }),
      ...(form.has('back') ? { link } : { link: { href: path, label: msg('Refresh') } }),
    })
  },
})

/** After how many seconds its page looks again, because something happens by itself; null where nothing does. */
function againIn({ state, due_at: due }: DeliveryRow, now: number): number | null {
  if (state === 'delivering') return SOON
  if (state !== 'pending' && state !== 'retrying') return null
  return due === null ? LATER : Math.max(SOON, Math.ceil((due - now) / SECOND) + 1)
}
const SOON = 3
/** Of what waits for its batch. */
const LATER = 20

/** Why it has not arrived and what to do, in words; null where all is well. */
function noticeOf(t: Translator, delivery: DeliveryRow): Shown | null {
  const { state, last_outcome: outcome, last_status: status, attempts } = delivery
  const advice = outcome === null ? { what: '', todo: '' } : adviceOn(t, outcome, status)
  if (state === 'retrying' && outcome !== null && outcome !== 'ok') {
    const next =
      delivery.due_at === null || delivery.resume_state !== null
        ? ''
        : t('The next attempt leaves by itself on {time}.', { time: t.dateTime(delivery.due_at) })
    return {
      tone: 'warn',
      title: t.n('Not yet: one attempt has not arrived.', 'Not yet: {count} attempts have not arrived.', attempts),
      text: [advice.what, advice.todo, next].join(' '),
    }
  }
  if (state === 'failed') {
    const again = whyNotRedeliver(delivery) === null ? t('Then redeliver it.') : ''
    return {
      tone: 'bad',
      title: delivery.test === 1 ? t('This test did not arrive.') : t('This delivery failed, and is not tried again.'),
      text: [advice.what, advice.todo, again].join(' '),
    }
  }
  if (state === 'held') {
    if (delivery.guard !== null) {
      const text = t('A guard holds this event. It goes out when the guard lets it pass.')
      return { tone: 'warn', title: t('This delivery is held.'), text }
    }
    if (delivery.reason?.startsWith(UNMADE)) {
      const text = t('Its body could not be made. It is tried again each minute, once the plugin of the format runs.')
      return { tone: 'warn', title: t('This delivery is held.'), text }
    }
    const text =
      delivery.webhook_state === 'active' || delivery.webhook_state === 'failing'
        ? t('It goes out as soon as sending is switched on again.')
        : t('Its webhook is switched off. Activate the webhook, and choose whether what is held is sent or discarded.')
    return { tone: 'info', title: t('This delivery is held.'), text }
  }
  return null
}

const asksForPatience = (attempt: AttemptTable | undefined): boolean =>
  (attempt?.status === 429 || attempt?.status === 503) &&
  pairs(attempt.response_headers).some(([name]) => name === 'retry-after')

const timelineItem = (t: Translator, attempt: AttemptTable, chosen: AttemptTable | undefined) => ({
  number: attempt.number,
  ok: attempt.outcome === 'ok',
  answered: attempt.status !== null,
  answer: answerOf(t, attempt.outcome, attempt.status),
  duration: t.duration(attempt.duration_ms),
  // All other outcomes are told in the reader's language already.
  error: attempt.outcome === 'unexpected' ? attempt.error : null,
  redelivery: attempt.redelivery === 1,
  at: attempt.started_at,
  current: attempt.id === chosen?.id,
})

/** What went over the wire in one attempt, with how it was signed and how to send the same by hand. */
function exchangeOf(t: Translator, delivery: DeliveryRow, attempt: AttemptTable, sent: Sent) {
  const { url } = sent
  const body = sent.body?.text ?? null
  const headers = pairs(attempt.request_headers)
  const header = (name: string) => headers.find(([key]) => key === name)?.[1]
  const bytes = fromBase64(attempt.response_body)
  const erased = delivery.erased_at
  const { text, binary } = readable(bytes)
  return {
    number: attempt.number,
    at: attempt.started_at,
    ok: attempt.outcome === 'ok',
    request: {
      url: url ?? t('(The webhook was deleted.)'),
      headers,
      body: body ?? (erased === null ? t('(The body is no longer kept.)') : `(${erasedOn(t, erased)})`),
    },
    response:
      attempt.status === null
        ? null
        : {
            ok: attempt.outcome === 'ok',
            status: attempt.status,
            text: statusText(attempt.status),
            durationMs: attempt.duration_ms,
            headers: pairs(attempt.response_headers),
            body: attempt.erased_at === null ? text : `(${erasedOn(t, attempt.erased_at)})`,
            truncated: attempt.body_truncated === 1,
            note: binary
              ? t('{size} that are no text; the first of them in hexadecimal.', { size: t.bytes(bytes.length) })
              : null,
          },
    error: attempt.status === null ? adviceOn(t, attempt.outcome, null).what : null,
    signed:
      header('webhook-signature') && erased === null
        ? `${header('webhook-id') ?? ''}.${header('webhook-timestamp') ?? ''}.${body ?? '…'}`
        : null,
    curl:
      url === null || erased !== null ? null : curlCommand({ url, headers, body, file: `${delivery.event_id}.json` }),
  }
}

const pairs = (json: string): [string, string][] => JSON.parse(json) as [string, string][]
