import { attemptsOf, bodyOf, lastDelivered, type DeliveryRow } from '../../db/queries/deliveries.ts'
import type { AttemptTable } from '../../db/schema.ts'
import type { Deps } from '../deps.ts'
import { fromBase64 } from '../lib/base64.ts'
import { byName } from '../lib/headers.ts'
import { isObject, parseJson, type Json } from '../lib/json.ts'
import { aboutFormat } from '../webhooks/make-body.ts'
import type { Sent } from '../webhooks/sent.ts'
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
  { delivery, attempt, sent }: { delivery: DeliveryRow; attempt: AttemptTable; sent: Sent },
) {
  const worked = await lastDelivered(deps.db, delivery)
  if (!worked) return null
  const good = (await attemptsOf(deps.db, worked.id)).findLast(({ outcome }) => outcome === 'ok')
  if (!good) return null
  const format = attempt.format ?? sent.body?.format_key ?? null
  // Of what older attempts do not tell, no difference is known.
  const before = { url: good.url ?? sent.url, format: good.format ?? format }
  const then = format === null || before.format !== format ? undefined : await bodyOf(deps.db, worked.event_id, format)
  const titleOf = (key: string | null): string | null =>
    key === null ? null : t(/* translated elsewhere */ aboutFormat(deps, key)?.title ?? key)
  const answer = (one: AttemptTable) => answerOf(t, one.outcome, one.status)
  return {
    id: worked.id,
    at: good.started_at,
    rows: [
      ...differing([
        [t('Answer'), answer(good), answer(attempt)],
        [t('Target URL'), before.url, sent.url],
        [t('Format'), titleOf(before.format), titleOf(format)],
      ]),
      ...between(
        headersOf(good.request_headers, ALWAYS_NEW),
        headersOf(attempt.request_headers, ALWAYS_NEW),
        t('Request'),
      ),
      ...(then === undefined ? [] : between(fieldsOf(then), fieldsOf(sent.body?.text ?? null), t('Body'))),
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
  byName((JSON.parse(json) as [string, string][]).filter(([name]) => !leftOut.has(name.toLowerCase())))

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
