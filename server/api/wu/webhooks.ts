import {
  countWebhooks,
  endedDeliveries,
  listWebhooks,
  nameIntegration,
  webhookByNumber,
  webhookById,
  type Webhook,
} from '../../../db/queries/webhooks.ts'
import type { Deps } from '../../deps.ts'
import { fail, notFound } from '../../lib/errors.ts'
import { isObject, parseJson, type JsonObject } from '../../lib/json.ts'
import { msg } from '../../lib/message.ts'
import { presetOf } from '../../webhooks/presets.ts'
import type { C } from '../../web/env.ts'
import { KIB } from '../body.ts'
import { readBytes } from '../../web/forms.ts'
import type { Handlers } from '../handlers.ts'
import { addWebhook, changeWebhook, checkedDraft, dropWebhook } from '../webhook-changes.ts'
import { patched } from '../webhook-fields.ts'
import { wuError } from './answers.ts'
import { booleanOf, inputOf, show, unknownField, withoutCredentials, wrongShape } from './fields.ts'

/** The webhooks, as tools made for Ultimate Multisite ask for them and change them. */
export function wuWebhookRoutes(deps: Deps): Handlers {
  const change = (c: C) => changeOne(deps, c)
  return {
    'GET /wp-json/wu/v2/webhook': (c) => list(deps, c),

    'POST /wp-json/wu/v2/webhook': async (c) => {
      const body = await readBody(c)
      const wrong = wrongShape(body, { whole: true })
      if (wrong) return wrong
      const actor = c.get('actor')
      // Flat is what the original sends. There a webhook without a word about it is inactive, yet sends all the same.
      const rate = presetOf(String(body['webhook_url'])).ratePerSecond
      const input = { format: 'flat', active: true, rate_per_second: rate, ...inputOf(body) }
      const draft = await checkedDraft(deps, actor.owner, input, null)
      const { id } = await addWebhook(deps, actor, draft, { integration: String(body['integration']) })
      const made = await webhookById(deps.db, id)
      if (!made) throw notFound()
      return Response.json(show(made, 0, { fresh: true }))
    },

    'GET /wp-json/wu/v2/webhook/:id': async (c) => {
      const webhook = await find(deps, c)
      return webhook ? answer(deps, webhook) : notThere()
    },
    'PUT /wp-json/wu/v2/webhook/:id': change,
    'PATCH /wp-json/wu/v2/webhook/:id': change,
    'POST /wp-json/wu/v2/webhook/:id': change,

    'DELETE /wp-json/wu/v2/webhook/:id': async (c) => {
      const webhook = await find(deps, c)
      if (!webhook) return notThere()
      await dropWebhook(deps, c.get('actor'), webhook)
      return Response.json(1)
    },
  }
}

async function list(deps: Deps, c: C): Promise<Response> {
  const page = whole(c, 'page', 1, 1_000_000)
  const perPage = whole(c, 'per_page', 10, 100)
  const wrong = { ...(page === null ? { page: '≥ 1' } : {}), ...(perPage === null ? { per_page: '1–100' } : {}) }
  if (page === null || perPage === null) {
    const message = msg('These fields have a value out of bounds: {fields}.', { fields: Object.keys(wrong).join(', ') })
    return wuError(400, 'rest_invalid_param', message, { params: wrong })
  }
  const { owner } = c.get('actor')
  const active = booleanOf(c.req.query('active'))
  const filter = {
    owner: owner === 'network' ? null : owner,
    search: c.req.query('search'),
    event: c.req.query('event'),
    ...(active === undefined ? {} : { retired: !active }),
  }
  const [counts, webhooks] = await Promise.all([
    countWebhooks(deps.db, filter),
    listWebhooks(deps.db, {
      ...filter,
      sort: c.req.query('orderby') === 'name' ? 'name' : 'number',
      descending: c.req.query('order')?.toUpperCase() !== 'ASC',
      limit: perPage,
      offset: (page - 1) * perPage,
    }),
  ])
  const ended = await endedDeliveries(
    deps.db,
    webhooks.map(({ id }) => id),
  )
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0)
  return Response.json(
    webhooks.map((webhook) => show(webhook, ended.get(webhook.id) ?? 0)),
    { headers: { 'x-wp-total': String(total), 'x-wp-totalpages': String(Math.ceil(total / perPage)) } },
  )
}

/** A whole number of the query from 1 on; null for anything else. */
function whole(c: C, name: string, usual: number, most: number): number | null {
  const text = c.req.query(name)
  if (text === undefined) return usual
  const number = /^\d{1,9}$/.test(text) ? Number(text) : 0
  return number >= 1 && number <= most ? number : null
}

async function changeOne(deps: Deps, c: C): Promise<Response> {
  const current = await find(deps, c)
  if (!current) return notThere()
  const body = await readBody(c)
  if (Object.keys(body).length === 0) return wuError(400, 'wu_rest_webhook', msg('Send the fields to change.'))
  const unknown = unknownField(body)
  if (unknown !== undefined) {
    return wuError(400, 'wu_rest_webhook_invalid_set_method', msg('There is no field of this name.'), {
      field: unknown,
    })
  }
  const wrong = wrongShape(body, { whole: false })
  if (wrong) return wrong
  const draft = await checkedDraft(deps, current.owner, patched(current, inputOf(body)), current)
  const { integration } = body
  const also = typeof integration === 'string' ? [nameIntegration(deps.db, current.id, integration)] : []
  await changeWebhook(deps, c.get('actor'), current, draft, also)
  const changed = await webhookById(deps.db, current.id)
  return changed ? answer(deps, changed) : notThere()
}

const answer = async (deps: Deps, webhook: Webhook): Promise<Response> => {
  const ended = await endedDeliveries(deps.db, [webhook.id])
  return Response.json(show(webhook, ended.get(webhook.id) ?? 0))
}

/** The actor's own webhook of this number; what belongs to somebody else is not there. Throws `not_found` for no number. */
async function find(deps: Deps, c: C): Promise<Webhook | undefined> {
  const id = c.req.param('id') ?? ''
  if (!/^\d{1,15}$/.test(id)) throw notFound()
  const webhook = await webhookByNumber(deps.db, Number(id))
  const { owner } = c.get('actor')
  return webhook && (owner === 'network' || webhook.owner === owner) ? webhook : undefined
}

const notThere = () =>
  wuError(404, 'wu_rest_webhook_invalid_id', msg('There is nothing here, or it is not yours to see.'))

/** Whatever content type it claims, the original reads JSON; no body at all is one without fields. */
async function readBody(c: C): Promise<JsonObject> {
  const text = new TextDecoder().decode(await readBytes(c.req.raw, 256 * KIB))
  if (text.trim() === '') return {}
  const parsed = parseJson(text)
  if (!parsed.ok) throw parsed.error
  if (!isObject(parsed.value)) throw fail('bad_json', 'The body has to be one JSON object.')
  return withoutCredentials(parsed.value)
}
