import type { Statement } from '../../db/db.ts'
import { appendAudit } from '../../db/queries/audit.ts'
import { healthFacts, updateHealth, type HealthRow } from '../../db/queries/dispatch.ts'
import { holdOpen, updateWebhook } from '../../db/queries/webhooks.ts'
import type { Outcome, WebhookState } from '../../db/schema.ts'
import { HOOKLINE } from '../lib/actor.ts'
import { HOUR } from '../lib/clock.ts'
import { newId } from '../lib/ids.ts'
import { inEnglish } from '../lib/message.ts'
import { breakerAfter, closed, type Breaker } from './breaker.ts'
import type { Engine } from './engine.ts'
import { removeWebhook } from './lifecycle.ts'
import { afterAttempt, judgeHealth, type HealthFacts } from './health.ts'

/** An attempt at a webhook, as its health sees it: of a real event, and in the order in which attempts ended. */
export interface Judged {
  readonly webhook: string
  readonly outcome: Outcome
  readonly status: number | null
  readonly at: number
  /** Why the receiver wants no more (410); null when it does. */
  readonly disable: string | null
}

/** A change of health that has to be told. */
export interface HealthChange {
  readonly webhook: string
  readonly name: string
  readonly owner: string
  readonly change: 'failing' | 'disabled' | 'recovered'
  readonly reason: string | null
  readonly failures: number
  readonly since: number | null
}

/** What attempts mean for one webhook. */
interface Verdict {
  /** What is written down of it. */
  readonly known: Breaker & {
    readonly webhook: string
    readonly at: number
    readonly delivered: number | null
    readonly failures: number
    readonly since: number | null
    readonly state: WebhookState
  }
  readonly off: { readonly webhook: string; readonly reason: string } | null
  /** The REST hook that it is the end of. */
  readonly ended: HealthRow | null
  readonly change: HealthChange | null
}

/** What attempts mean for their webhooks: figures, breaker, state. The statements belong into the attempts' own commit. */
export async function judge(
  engine: Engine,
  attempts: readonly Judged[],
): Promise<{ statements: readonly Statement[]; changes: readonly HealthChange[] }> {
  const byWebhook = Map.groupBy(attempts, ({ webhook }) => webhook)
  const now = engine.clock()
  const asked = [...byWebhook].map(([id, list]) => ({ id, failed: list.some(({ outcome }) => outcome !== 'ok') }))
  const rows = await healthFacts(engine.db, asked, Math.floor(now / HOUR - 1) * HOUR)
  const byId = new Map(rows.map((row) => [row.id, row]))
  const judged = asked.flatMap(({ id, failed }) => {
    const [row, list] = [byId.get(id), byWebhook.get(id) ?? []]
    if (row) return judgeOne(row, list, now)
    // Of what fails there is no row only when it is gone.
    return failed ? [] : stillWell(id, list)
  })
  return {
    statements: [
      ...(judged.length > 0
        ? [
            updateHealth(
              engine.db,
              judged.map(({ known }) => known),
            ),
          ]
        : []),
      ...judged.flatMap(({ off }) => (off === null ? [] : switchOff(engine, off.webhook, off.reason))),
      ...judged.flatMap(({ ended }) => (ended === null ? [] : endHook(engine, ended))),
    ],
    changes: judged.flatMap(({ change }) => change ?? []),
  }
}

/** What a row would tell of a webhook with which all is well, after attempts that all delivered. */
function stillWell(webhook: string, attempts: readonly Judged[]): Verdict {
  const at = latest(attempts)
  return {
    known: { webhook, at, delivered: at, failures: 0, since: null, ...closed, state: 'active' },
    off: null,
    ended: null,
    change: null,
  }
}

const latest = (attempts: readonly Judged[]): number => Math.max(...attempts.map(({ at }) => at))

function judgeOne(row: HealthRow, attempts: readonly Judged[], now: number): Verdict {
  let facts: HealthFacts = {
    state: row.state,
    consecutiveFailures: row.consecutive_failures,
    failingSince: row.failing_since,
    failuresLastHour: Number(row.recent ?? 0),
    lastDeliveredAt: row.last_delivered_at,
  }
  let breaker: Breaker = { until: row.breaker_until, step: row.breaker_step, streak: row.breaker_streak }
  for (const { outcome, status, at } of attempts) {
    facts = afterAttempt(facts, outcome, at)
    breaker = breakerAfter(breaker, { outcome, status }, now)
  }
  const health = judgeHealth(facts, now)
  const gone =
    row.state === 'disabled' || row.state === 'retired'
      ? null
      : (attempts.find(({ disable }) => disable !== null)?.disable ?? null)
  // 410 is how a builder unsubscribes when it cannot call us: nothing went wrong, so nobody has to hear of it.
  const ends = gone !== null && row.origin === 'rest_hook'
  const change = ends ? null : gone !== null ? 'disabled' : health.change
  const reason = gone ?? (health.reason ? inEnglish(health.reason) : null)
  const told: HealthChange | null =
    change === null
      ? null
      : {
          webhook: row.id,
          name: row.name,
          owner: row.owner,
          change,
          reason,
          failures: facts.consecutiveFailures,
          since: facts.failingSince,
        }
  return {
    known: {
      webhook: row.id,
      at: latest(attempts),
      delivered: facts.lastDeliveredAt,
      failures: facts.consecutiveFailures,
      since: facts.failingSince,
      ...breaker,
      state: health.state,
    },
    off: change === 'disabled' ? { webhook: row.id, reason: reason ?? '' } : null,
    ended: ends ? row : null,
    change: told,
  }
}

/** The subscription is over. Its deliveries stay in the log, and the audit log says why it went. */
const endHook = (engine: Engine, hook: HealthRow): Statement[] => [
  ...removeWebhook(engine, hook, { knows: true }),
  ...appendAudit(engine.db, {
    id: newId('aud', engine),
    at: engine.clock(),
    actor_id: HOOKLINE.id,
    actor_name: HOOKLINE.name,
    address: HOOKLINE.address,
    action: 'webhook.deleted',
    target: hook.id,
    owner: hook.owner,
    before: JSON.stringify({ name: hook.name, url: new URL(hook.url).host }),
    after: JSON.stringify({ cause: 'gone' }),
  }),
]

/** Switched off, and what waits for it is held. */
const switchOff = (engine: Engine, webhook: string, reason: string): Statement[] => [
  ...updateWebhook(engine.db, webhook, { state: 'disabled', state_reason: reason, updated_at: engine.clock() }),
  holdOpen(engine.db, webhook, reason),
]
