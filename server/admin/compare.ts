import { attemptsOf, bodyOf, lastDelivered, type DeliveryRow } from '../../db/queries/deliveries.ts'
import type { AttemptTable } from '../../db/schema.ts'
import type { Deps } from '../deps.ts'
import { fromBase64 } from '../lib/base64.ts'
import { isObject, parseJson, type Json } from '../lib/json.ts'
import type { Translator } from '../web/i18n.ts'
import { readable } from '../web/readable.ts'
import { answerOf } from './answer.ts'

/** A place in which two exchanges differ: what stood there in the one that worked, and what stands there in this one. */
export interface Difference {
  readonly where: string
  readonly before: string | null
  readonly now: string | null
}

/** What is another one each time, and so tells nothing. */
const ALWAYS_NEW = new Set([
  'webhook-id',
  'webhook-timestamp',
  'webhook-signature',
  'hookline-delivery',
  'hookline-attempt',
])
const ALSO_NEW = new Set(['date', 'x-request-id', 'cf-ray', 'etag', 'content-length', 'age'])
const MOST_SHOWN = 200

/** This delivery beside the last of the same webhook and event type that arrived; null when none did lately. */
export async function comparison(
  t: Translator,
  deps: Deps,
  { delivery, attempt, format }: { delivery: DeliveryRow; attempt: AttemptTable; format: string | undefined },
) {
  const worked = await lastDelivered(deps.db, delivery)
  if (!worked) return null
  const [attempts, now, then] = await Promise.all([
    attemptsOf(deps.db, worked.id),
    format === undefined ? null : bodyOf(deps.db, delivery.event_id, format),
    format === undefined ? null : bodyOf(deps.db, worked.event_id, format),
  ])
  const good = attempts.findLast(({ outcome }) => outcome === 'ok')
  if (!good) return null
  const answer = (one: AttemptTable) => answerOf(t, one.outcome, one.status)
  return {
    id: worked.id,
    at: good.started_at,
    rows: [
      ...differing([[t('Answer'), answer(good), answer(attempt)]]),
      ...between(
        headersOf(good.request_headers, ALWAYS_NEW),
        headersOf(attempt.request_headers, ALWAYS_NEW),
        t('Request'),
      ),
      ...between(fieldsOf(then), fieldsOf(now), t('Body')),
      ...between(
        headersOf(good.response_headers, ALSO_NEW),
        headersOf(attempt.response_headers, ALSO_NEW),
        t('Response'),
      ),
      ...differing([[t('Response body'), answered(good), answered(attempt)]]),
    ],
  }
}

const answered = ({ response_body: body }: AttemptTable): string => readable(fromBase64(body)).text.slice(0, MOST_SHOWN)

const headersOf = (json: string, leftOut: ReadonlySet<string>): Map<string, string> =>
  new Map((JSON.parse(json) as [string, string][]).filter(([name]) => !leftOut.has(name.toLowerCase())))

/** The shape of a body: what kind of value stands at each path. The values themselves differ in every event. */
function fieldsOf(text: string | null): Map<string, string> {
  const kinds = new Map<string, string>()
  const parsed = parseJson(text ?? 'null')
  const walk = (value: Json, path: string): void => {
    if (isObject(value))
      for (const [key, inner] of Object.entries(value)) walk(inner, path === '' ? key : `${path}.${key}`)
    else if (path !== '') kinds.set(path, value === null ? 'null' : Array.isArray(value) ? 'list' : typeof value)
  }
  if (parsed.ok) walk(parsed.value, '')
  return kinds
}

const between = (then: ReadonlyMap<string, string>, now: ReadonlyMap<string, string>, part: string): Difference[] =>
  differing(
    [...new Set([...then.keys(), ...now.keys()])].map((name) => [
      `${part}: ${name}`,
      then.get(name) ?? null,
      now.get(name) ?? null,
    ]),
  )

const differing = (rows: readonly (readonly [string, string | null, string | null])[]): Difference[] =>
  rows.filter(([, before, now]) => before !== now).map(([where, before, now]) => ({ where, before, now }))
