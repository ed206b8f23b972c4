import {
  insecureWebhooks,
  longestDue,
  MOST_NAMED,
  newestEventAt,
  openBreakers,
  webhooksIn,
} from '../../db/queries/health.ts'
import { mailInTrouble } from '../../db/queries/mail.ts'
import { SITE_ARCHIVED } from '../../db/queries/site-state.ts'
import { lastCheck, type KeptCheck } from '../access/audit.ts'
import type { Deps } from '../deps.ts'
import { MINUTE } from '../lib/clock.ts'
import { guardsCheck } from './guards.ts'
import { sendingChecks } from './health-sending.ts'
import { storageChecks } from './health-storage.ts'
import { sourcesCheck } from './sources/check.ts'
import type { PluginInfo } from '../plugin/host.ts'
import { isByPerson } from '../plugin/switch.ts'
import { SECRET_NOT_TAKEN } from '../webhooks/lifecycle.ts'
import { binUrl } from '../webhooks/bins/address.ts'
import { shortUrl } from '../webhooks/redact.ts'
import { isSending } from '../webhooks/sending.ts'
import type { Translator } from '../web/i18n.ts'

/** A row of the Health page: what is, and what to do about it. */
export interface Check {
  readonly id: string
  readonly rank: 'critical' | 'recommended' | 'good'
  readonly topic: string
  readonly title: string
  readonly text: string
  readonly items?: readonly {
    readonly href: string
    readonly label: string
    readonly text?: string
    readonly reason?: string | null
  }[]
  readonly link?: { readonly href: string; readonly text: string }
}

const LONG = 10 * MINUTE
const WORTH_A_LOOK = 2 * MINUTE
/** Receivers take a timestamp that is at most 5 minutes off; several servers differ by a second or two. */
const CLOCK_BACK = MINUTE

/** What may be critical. Cheap, because the menu of every page counts it. */
export async function urgentChecks(deps: Deps, t: Translator, plugins: readonly PluginInfo[]): Promise<Check[]> {
  const { db } = deps
  const now = deps.clock()
  const [sending, overdue, disabled, failing, newest, guards, audit] = await Promise.all([
    isSending(deps),
    longestDue(db, now),
    webhooksIn(db, 'disabled', [SECRET_NOT_TAKEN, SITE_ARCHIVED]),
    webhooksIn(db, 'failing'),
    newestEventAt(db),
    deps.host.guards(),
    lastCheck(db),
  ])
  return [
    ...(sending ? [queueCheck(t, { overdue, stalled: deps.dispatcher() === 'stalled', now })] : []),
    webhooksCheck(t, disabled, failing),
    pluginsCheck(t, plugins),
    ...guardsCheck(t, guards),
    clockCheck(t, newest, now),
    ...auditCheck(t, audit),
  ]
}

/** What can be better, or is well. */
export async function otherChecks(deps: Deps, t: Translator): Promise<Check[]> {
  const { db, config } = deps
  const [sending, breakers, insecure, storage, unsent] = await Promise.all([
    sendingChecks(deps, t),
    openBreakers(db),
    insecureWebhooks(db, binUrl(deps.publicUrl(), '')),
    storageChecks(deps, t),
    mailInTrouble(db),
  ])
  return [
    ...sending,
    breakersCheck(t, breakers),
    mailCheck(t, deps.mailer !== undefined, unsent?.error ?? null),
    insecureCheck(t, insecure),
    ...(await sourcesCheck(deps, t)),
    secretCheck(t, config.appSecret === null),
    outboundCheck(t, config.outboundAllow),
    ...storage,
  ]
}

type Queue = { overdue: Awaited<ReturnType<typeof longestDue>>; stalled: boolean; now: number }

function queueCheck(t: Translator, { overdue, stalled, now }: Queue): Check {
  const check = { id: 'queue', topic: t('Deliveries') }
  const waits = overdue === null ? 0 : now - overdue.due_at
  const link = { href: '/network/deliveries?state=pending', text: t('See what waits') }
  if (stalled) {
    const text = t(
      'The process that sends has not looked for what is due for a while. Start it again; nothing is lost.',
    )
    return { ...check, rank: 'critical', title: t('Nobody sends what is due'), text, link }
  }
  if (overdue === null || waits < WORTH_A_LOOK) {
    const text = t('No delivery that is due waits for more than two minutes.')
    return { ...check, rank: 'good', title: t('The queue is short'), text }
  }
  const text = t('The oldest delivery that is due is one of {webhook}. It was due {time}.', {
    webhook: overdue.name,
    time: t.ago(overdue.due_at, now),
  })
  if (overdue.throttled === 1) {
    const todo = t('This webhook is sent to one after the other, or only so many times a second: allow it more.')
    const webhook = { href: `/network/webhooks/${overdue.id}`, text: t('Open the webhook') }
    return {
      ...check,
      rank: 'recommended',
      title: t('One webhook lags behind'),
      text: `${text} ${todo}`,
      link: webhook,
    }
  }
  const todo = t('More comes in than goes out. Look for slow receivers, or give the server more room.')
  const rank = waits >= LONG ? 'critical' : 'recommended'
  return { ...check, rank, title: t('The queue is long'), text: `${text} ${todo}`, link }
}

type Webhooks = Awaited<ReturnType<typeof webhooksIn>>

function webhooksCheck(t: Translator, disabled: Webhooks, failing: Webhooks): Check {
  const check = { id: 'webhooks', topic: t('Deliveries') }
  const count = disabled.length + failing.length
  if (count === 0) {
    const text = t('None of them fails, and none was switched off.')
    return { ...check, rank: 'good', title: t('All webhooks work'), text }
  }
  const title =
    failing.length === 0
      ? t.n('A webhook was switched off', 'Webhooks were switched off', count)
      : disabled.length === 0
        ? t.n('A webhook is failing', 'Webhooks are failing', count)
        : t('Webhooks were switched off or are failing')
  const text = t(
    'Nothing is lost: their deliveries wait, or are held. Find out why with the owner of the receiver, then activate what is switched off.',
  )
  const items = [
    ...disabled.map((webhook) => ({ ...named(webhook), text: t('Switched off.'), reason: webhook.state_reason })),
    ...failing.map((webhook) => ({ ...named(webhook), text: since(t, webhook) })),
  ]
  return { ...check, rank: 'critical', title, text, items: items.slice(0, MOST_NAMED), link: allWebhooks(t) }
}

const since = (t: Translator, webhook: Webhooks[number]): string =>
  t.n(
    '{host}: one failure, on {time}.',
    '{host}: {count} failures in a row since {time}.',
    webhook.consecutive_failures,
    { host: shortUrl(webhook.url), time: t.dateTime(webhook.failing_since ?? 0) },
  )

function pluginsCheck(t: Translator, plugins: readonly PluginInfo[]): Check {
  const check = { id: 'plugins', topic: t('Plugins') }
  const link = { href: '/network/plugins', text: t('Go to Plugins') }
  const ill = plugins.filter(({ state }) => state === 'paused' || state === 'failed')
  if (ill.length === 0) {
    const title = t('All plugins work')
    return { ...check, rank: 'good', title, text: t('All could be loaded, and none is paused by faults.') }
  }
  const items = ill.map(({ title, reason }) => ({
    href: '/network/plugins',
    label: t(/* translated elsewhere */ title),
    text: reason ? t.say(reason) : '',
  }))
  const title = t.n(
    'A plugin is paused or could not be loaded',
    'Plugins are paused or could not be loaded',
    ill.length,
  )
  const text = t('Everything else goes on. See its faults, have them mended, and resume it.')
  const rank = ill.every(({ reason }) => isByPerson(reason)) ? 'recommended' : 'critical'
  return { ...check, rank, title, text, items, link }
}

function clockCheck(t: Translator, newest: number | null, now: number): Check {
  const check = { id: 'clock', topic: t('Network') }
  if (newest === null || newest - now <= CLOCK_BACK) {
    const text = t('No event was stored later than now. Receivers allow a signature to be 5 minutes old.')
    return { ...check, rank: 'good', title: t('The clock goes forward'), text }
  }
  const title = t('The clock of this server went back')
  const what = t('The newest event was stored at {time}, which is still to come.', { time: t.dateTime(newest) })
  const todo = t('Set the clock, and let it be kept right: receivers refuse signatures with a wrong time.')
  return { ...check, rank: 'critical', title, text: `${what} ${todo}` }
}

function breakersCheck(t: Translator, breakers: Webhooks): Check {
  const check = { id: 'breakers', topic: t('Deliveries') }
  if (breakers.length === 0) {
    const text = t('No receiver failed five times in a row.')
    return { ...check, rank: 'good', title: t('All receivers are called as usual'), text }
  }
  const title = t.n('A receiver is called less often', 'Receivers are called less often', breakers.length)
  const text = t(
    'It failed five times in a row, so it is called now and then until it answers again. Its deliveries wait and lose no attempts.',
  )
  return { ...check, rank: 'recommended', title, text, items: listed(breakers), link: allWebhooks(t) }
}

/** Only what was found to be wrong: a log that nobody checked says nothing. */
function auditCheck(t: Translator, last: KeptCheck | null): Check[] {
  if (last === null || last.broken === null) return []
  const title = t('The audit log was tampered with')
  const text = t('Entry {number} was changed, removed or put in, by somebody who can write to the database.', {
    number: last.broken,
  })
  const link = { href: '/network/audit', text: t('Open the audit log') }
  return [{ id: 'audit', topic: t('Security'), rank: 'critical', title, text, link }]
}

function mailCheck(t: Translator, isSetUp: boolean, error: string | null): Check {
  const check = { id: 'mail', topic: t('Network') }
  if (!isSetUp) {
    const title = t('Mail is not set up')
    const text = t(
      'Nobody is told when a webhook fails at night. Set SMTP_URL, or a mail binding on Workers, and start again.',
    )
    return { ...check, rank: 'recommended', title, text }
  }
  if (error !== null) {
    const text = t('It is tried again for three days. The mail server said: {error}', { error })
    return { ...check, rank: 'recommended', title: t('Mail does not go out'), text }
  }
  const text = t('Super admins get one when a webhook fails, is switched off, or works again.')
  return { ...check, rank: 'good', title: t('Mail is set up'), text }
}

function insecureCheck(t: Translator, insecure: Webhooks): Check {
  const check = { id: 'insecure', topic: t('Security') }
  if (insecure.length === 0) {
    const text = t('What they send cannot be read on the way.')
    return { ...check, rank: 'good', title: t('All webhooks post with https'), text }
  }
  const title = t.n('A webhook posts without https', 'Webhooks post without https', insecure.length)
  const text = t('Anybody on the way can read it. Ask the owner of the receiver for an https address.')
  return { ...check, rank: 'recommended', title, text, items: listed(insecure) }
}

function secretCheck(t: Translator, generated: boolean): Check {
  const check = { id: 'app-secret', topic: t('Security') }
  if (!generated) {
    const text = t('The key comes from APP_SECRET and is not stored beside the database.')
    return { ...check, rank: 'good', title: t('Stored secrets are encrypted'), text }
  }
  const title = t('The key is stored beside the database')
  const text = t(
    'Whoever copies DATA_DIR gets the stored secrets and the key to them. Set APP_SECRET to the content of the file app-secret there, and move the file to a safe place.',
  )
  return { ...check, rank: 'recommended', title, text }
}

function outboundCheck(t: Translator, allow: readonly string[]): Check {
  const check = { id: 'outbound', topic: t('Security') }
  if (allow.length === 0) {
    const text = t('The guard is on, and OUTBOUND_ALLOW makes no exception.')
    return { ...check, rank: 'good', title: t('No private address can be called'), text }
  }
  const text = t(
    'OUTBOUND_ALLOW lets webhooks call these although they are private: {list}. Whoever may add a webhook can reach what listens there. Take out what no webhook needs.',
    { list: allow.join(', ') },
  )
  return { ...check, rank: 'recommended', title: t('Private addresses can be called'), text }
}

const named = ({ id, name }: { id: string; name: string }) => ({ href: `/network/webhooks/${id}`, label: name })

const listed = (webhooks: Webhooks) =>
  webhooks.slice(0, MOST_NAMED).map((webhook) => ({ ...named(webhook), text: shortUrl(webhook.url) }))

const allWebhooks = (t: Translator) => ({ href: '/network/webhooks', text: t('See all webhooks') })
