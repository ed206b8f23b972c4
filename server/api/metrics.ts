import { countDeliveries, hourly, oldestWaiting } from '../../db/queries/deliveries.ts'
import { pluginStates } from '../../db/queries/plugins.ts'
import { lastEventSeq } from '../../db/queries/events.ts'
import { countWebhooks } from '../../db/queries/webhooks.ts'
import type { Deps } from '../deps.ts'
import { can } from '../lib/actor.ts'
import { HOUR } from '../lib/clock.ts'
import { AppError, fail } from '../lib/errors.ts'
import { msg } from '../lib/message.ts'
import { isSending } from '../webhooks/sending.ts'
import type { Tally } from '../webhooks/tally.ts'
import type { C } from '../web/env.ts'
import { isLoopback } from '../web/security.ts'
import type { Handlers } from './handlers.ts'

/** A figure with its labels, such as `{state="active"}`. */
type Sample = readonly [labels: string, value: number]

/** What Prometheus reads. Every figure is a look into an index: it costs the same, however long the log is. */
export const metricRoutes = (deps: Deps): Handlers => ({
  'GET /metrics': async (c) => {
    await demandReader(deps, c)
    const { db } = deps
    const owner = 'network'
    const now = deps.clock()
    const inState = (state: 'pending' | 'retrying' | 'held' | 'failed') => countDeliveries(db, { owner, state })
    const [events, webhooks, pending, retrying, held, failed, oldest, hours, plugins, sending] = await Promise.all([
      lastEventSeq(db),
      countWebhooks(db, { owner: null }),
      inState('pending'),
      inState('retrying'),
      inState('held'),
      inState('failed'),
      oldestWaiting(db, owner),
      hourly(db, { owner, webhook: null, since: Math.floor(now / HOUR) * HOUR }),
      pluginStates(db),
      isSending(deps),
    ])
    const attempts = deps.attempts?.() ?? null
    const writes = deps.writes?.() ?? null
    const lastBackup = deps.backups?.state().last ?? null
    const [hour = { delivered: 0, failed: 0 }] = hours
    const text = [
      gauge('hookline_info', 'The version that runs.', [[`version="${deps.version}"`, 1]]),
      gauge('hookline_sending', 'Whether deliveries are sent: 1, or 0 while all sending is switched off.', [
        ['', sending ? 1 : 0],
      ]),
      family(
        'counter',
        'hookline_events_total',
        'Events that were stored since the network was set up, tests included.',
        [['', events]],
      ),
      ...(attempts === null ? [] : tallied(attempts)),
      gauge(
        'hookline_webhooks',
        'Webhooks by state.',
        Object.entries(webhooks).map(([state, count]): Sample => [`state="${state}"`, count]),
      ),
      gauge('hookline_deliveries', 'Deliveries by state, counted to 1001 at most.', [
        ['state="pending"', pending],
        ['state="retrying"', retrying],
        ['state="held"', held],
        ['state="failed"', failed],
      ]),
      gauge('hookline_oldest_waiting_seconds', 'How long the oldest delivery has waited; 0 when none waits.', [
        ['', oldest === null ? 0 : Math.max(0, (now - oldest) / 1000)],
      ]),
      gauge('hookline_attempts_this_hour', 'Attempts since the last full hour, by what became of them.', [
        ['result="delivered"', Number(hour.delivered)],
        ['result="failed"', Number(hour.failed)],
      ]),
      ...(writes === null
        ? []
        : [
            gauge('hookline_write_seconds', 'How long the last commits of this process took, 500 of them at most.', [
              ['quantile="0.5"', writes.p50 / 1000],
              ['quantile="0.95"', writes.p95 / 1000],
            ]),
          ]),
      ...(lastBackup === null
        ? []
        : [
            gauge('hookline_last_backup_timestamp_seconds', 'When the last backup was begun.', [
              ['', lastBackup.at / 1000],
            ]),
          ]),
      gauge('hookline_plugins_paused', 'Plugins that are paused because they failed too often.', [
        ['', plugins.filter(({ paused_at: at }) => at !== null).length],
      ]),
    ]
    return new Response(text.join(''), { headers: { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' } })
  },
})

type Kind = 'gauge' | 'counter'

const family = (kind: Kind, name: string, help: string, samples: readonly Sample[]): string =>
  lines(
    kind,
    name,
    help,
    samples.map(([labels, value]) => sample(name, labels, value)),
  )
const gauge = (name: string, help: string, samples: readonly Sample[]): string => family('gauge', name, help, samples)
const lines = (kind: Kind | 'histogram', name: string, help: string, samples: readonly string[]): string =>
  [`# HELP ${name} ${help}`, `# TYPE ${name} ${kind}`, ...samples, ''].join('\n')
const sample = (name: string, labels: string, value: number): string =>
  `${name}${labels === '' ? '' : `{${labels}}`} ${value}`

/** Counted since this process started, as Prometheus expects of a counter that begins anew with it. */
function tallied({ outcomes, within, seconds }: Tally): string[] {
  const took = 'hookline_attempt_duration_seconds'
  const count = [...outcomes.values()].reduce((sum, attempts) => sum + attempts, 0)
  return [
    family(
      'counter',
      'hookline_attempts_total',
      'Attempts of this process, by what came of them.',
      [...outcomes].map(([outcome, attempts]): Sample => [`outcome="${outcome}"`, attempts]),
    ),
    lines('histogram', took, 'How long the attempts of this process took.', [
      ...within.map(([bound, attempts]) => sample(`${took}_bucket`, `le="${bound}"`, attempts)),
      sample(`${took}_bucket`, 'le="+Inf"', count),
      sample(`${took}_sum`, '', seconds),
      sample(`${took}_count`, '', count),
    ]),
  ]
}

const FORWARDED = ['forwarded', 'x-forwarded-for', 'x-real-ip']

/** Whoever runs on this machine may read, if no proxy stands between; all others need a key. */
async function demandReader(deps: Deps, c: C): Promise<void> {
  const isHere = isLoopback(c.get('address')) && !FORWARDED.some((name) => c.req.header(name) !== undefined)
  if (isHere) return
  const actor = await deps.access.byKey(c.req.header('authorization') ?? '', c.get('address'))
  if (!actor) {
    const detail = msg('Send an API key: Authorization: Bearer hk_…')
    throw new AppError('unauthorized', detail, [], { 'www-authenticate': 'Bearer' })
  }
  if (!can(actor, 'metrics:read', 'network')) {
    throw fail('forbidden', 'This key lacks the scope {scope}.', { scope: 'metrics:read' })
  }
}
