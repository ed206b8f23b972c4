import { z } from 'zod'
import { binById, binsAfter, capturesBefore } from '../../db/queries/bins.ts'
import type { BinTable, CaptureTable } from '../../db/schema.ts'
import type { Deps } from '../deps.ts'
import { isoTime } from '../lib/clock.ts'
import { invalid, notFound } from '../lib/errors.ts'
import { isId } from '../lib/ids.ts'
import { binUrl } from '../webhooks/bins/address.ts'
import { answerKinds, type BinAnswer } from '../webhooks/bins/answer.ts'
import type { BinDraft } from '../webhooks/bins/make.ts'
import type { C } from '../web/env.ts'
import { addBin, changeBin, draftOf, removeBin, wrongBin } from './bin-changes.ts'
import { parsed, readJsonObject } from './body.ts'
import type { Handlers } from './handlers.ts'
import { listAnswer, pageOf } from './list.ts'

const LIST = 'bins'

const answer = z.strictObject({ kind: z.enum(answerKinds), figure: z.number().default(0) })
export const changedBin = z.strictObject({
  name: z.string().optional(),
  answer: answer.optional(),
  webhook: z.string().nullable().optional(),
})

/** The network's bins, as its pages have them. */
export const binApiRoutes = (deps: Deps): Handlers => ({
  'GET /api/v1/bins': async (c) => {
    const { limit, position } = pageOf(c, LIST, ['number', 'string'])
    const after = position && { madeAt: Number(position[0]), id: String(position[1]) }
    const rows = await binsAfter(deps.db, 'network', after, limit + 1)
    return listAnswer(
      LIST,
      rows,
      limit,
      (bin) => show(deps, bin),
      (bin) => [bin.created_at, bin.id],
    )
  },

  'POST /api/v1/bins': async (c) => {
    const actor = c.get('actor')
    const draft = await read(deps, c, { name: '', answer: { kind: 'ok', figure: 0 }, webhookId: null })
    const bin = await addBin(deps, actor, draft, 'network')
    return Response.json(show(deps, { ...bin, received: 0 }), { status: 201 })
  },

  'GET /api/v1/bins/:id': async (c) => Response.json(show(deps, await find(deps, c))),

  'GET /api/v1/bins/:id/captures': async (c) => {
    const bin = await find(deps, c)
    const captures = `captures ${bin.id}`
    const { limit, position } = pageOf(c, captures, ['string'])
    const rows = await capturesBefore(deps.db, bin.id, position && String(position[0]), limit + 1)
    return listAnswer(captures, rows, limit, showCapture, ({ id }) => [id])
  },

  'PATCH /api/v1/bins/:id': async (c) => {
    const bin = await find(deps, c)
    const draft = await read(deps, c, draftOf(bin))
    return Response.json(show(deps, await changeBin(deps, c.get('actor'), bin, draft)))
  },

  'DELETE /api/v1/bins/:id': async (c) => {
    await removeBin(deps, c.get('actor'), await find(deps, c))
    return new Response(null, { status: 204 })
  },
})

async function find(deps: Deps, c: C): Promise<BinTable> {
  const id = c.req.param('id') ?? ''
  const bin = isId('bin', id) ? await binById(deps.db, id) : undefined
  if (bin?.owner !== 'network') throw notFound()
  return bin
}

/** What a body makes of a bin; what it leaves out stays. Throws `invalid`, with every field that is wrong. */
async function read(deps: Deps, c: C, before: BinDraft): Promise<BinDraft> {
  const body = parsed(changedBin, await readJsonObject(c))
  const draft: BinDraft = {
    name: (body.name ?? before.name).trim(),
    answer: body.answer ?? before.answer,
    webhookId: body.webhook === undefined ? before.webhookId : body.webhook,
  }
  const errors = await wrongBin(deps, draft, 'network')
  if (errors.length > 0) throw invalid(errors)
  return draft
}

const show = (deps: Deps, bin: BinTable) => ({
  id: bin.id,
  name: bin.name,
  url: binUrl(deps.publicUrl(), bin.token),
  answer: JSON.parse(bin.answer) as BinAnswer,
  webhook: bin.webhook_id,
  received: bin.received,
  created_at: isoTime(bin.created_at),
})

/** `headers` are pairs, credentials masked; `body` is base64 of what was kept of `bytes`. */
const showCapture = (capture: CaptureTable) => ({
  id: capture.id,
  method: capture.method,
  query: capture.query,
  headers: JSON.parse(capture.headers) as [string, string][],
  body: capture.body,
  bytes: capture.bytes,
  verdict: capture.verdict,
  status: capture.status,
  received_at: isoTime(capture.at),
})
