import { z } from 'zod'
import { binById, binsOf, capturesOf, deleteBin, deleteCaptures, updateBin } from '../../db/queries/bins.ts'
import { webhookById } from '../../db/queries/webhooks.ts'
import type { BinTable, CaptureTable } from '../../db/schema.ts'
import { auditEntry } from '../access/audit.ts'
import { wrongName } from '../access/person.ts'
import type { Deps } from '../deps.ts'
import { isoTime } from '../lib/clock.ts'
import { invalid, notFound, type FieldError } from '../lib/errors.ts'
import { isId } from '../lib/ids.ts'
import { msg } from '../lib/message.ts'
import { binUrl } from '../webhooks/bins/address.ts'
import { answerKinds, wrongFigure, type BinAnswer } from '../webhooks/bins/answer.ts'
import { makeBin, type BinDraft } from '../webhooks/bins/make.ts'
import type { C } from '../web/env.ts'
import { parsed, readJsonObject } from './body.ts'
import type { Handlers } from './handlers.ts'

const MOST_LISTED = 100

const answer = z.strictObject({ kind: z.enum(answerKinds), figure: z.number().default(0) })
export const changedBin = z.strictObject({
  name: z.string().optional(),
  answer: answer.optional(),
  webhook: z.string().nullable().optional(),
})

/** The network's bins, as its pages have them. */
export const binApiRoutes = (deps: Deps): Handlers => ({
  'GET /api/v1/bins': async () =>
    Response.json({ data: (await binsOf(deps.db, 'network')).map((bin) => show(deps, bin)), next_cursor: null }),

  'POST /api/v1/bins': async (c) => {
    const actor = c.get('actor')
    const draft = await read(deps, c, { name: '', answer: { kind: 'ok', figure: 0 }, webhookId: null })
    const bin = await makeBin(deps, draft, { owner: 'network', by: actor.id }, (id) =>
      auditEntry(deps, actor, { action: 'bin.created', target: id, owner: 'network', after: { name: draft.name } }),
    )
    return Response.json(show(deps, { ...bin, received: 0 }), { status: 201 })
  },

  'GET /api/v1/bins/:id': async (c) => Response.json(show(deps, await find(deps, c))),

  'GET /api/v1/bins/:id/captures': async (c) => {
    const bin = await find(deps, c)
    const captures = await capturesOf(deps.db, bin.id, MOST_LISTED)
    return Response.json({ data: captures.map(showCapture), next_cursor: null })
  },

  'PATCH /api/v1/bins/:id': async (c) => {
    const bin = await find(deps, c)
    const before = { name: bin.name, answer: JSON.parse(bin.answer) as BinAnswer, webhookId: bin.webhook_id }
    const draft = await read(deps, c, before)
    const audit = auditEntry(deps, c.get('actor'), {
      action: 'bin.updated',
      target: bin.id,
      owner: bin.owner,
      before: { name: before.name, answer: { ...before.answer }, webhook: before.webhookId },
      after: { name: draft.name, answer: { ...draft.answer }, webhook: draft.webhookId },
    })
    const row = { name: draft.name, answer: JSON.stringify(draft.answer), webhook_id: draft.webhookId }
    await deps.db.commit([...audit, updateBin(deps.db, bin.id, row)])
    return Response.json(show(deps, { ...bin, ...row }))
  },

  'DELETE /api/v1/bins/:id': async (c) => {
    const bin = await find(deps, c)
    const audit = auditEntry(deps, c.get('actor'), {
      action: 'bin.deleted',
      target: bin.id,
      owner: bin.owner,
      before: { name: bin.name },
    })
    await deps.db.commit([...audit, deleteCaptures(deps.db, bin.id), deleteBin(deps.db, bin.id)])
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
  const errors: FieldError[] = []
  const name = wrongName(draft.name)
  if (name) errors.push({ path: 'name', message: name })
  const figure = wrongFigure(draft.answer)
  if (figure) errors.push({ path: 'answer.figure', message: figure })
  if (body.webhook && (await webhookById(deps.db, body.webhook))?.owner !== 'network') {
    errors.push({ path: 'webhook', message: msg('There is no such webhook any more.') })
  }
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
