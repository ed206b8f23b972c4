import { binByToken, catchRequest } from '../../../db/queries/bins.ts'
import { setting } from '../../../db/queries/settings.ts'
import type { Statement } from '../../../db/db.ts'
import type { BinTable } from '../../../db/schema.ts'
import { toBase64 } from '../../lib/base64.ts'
import { newId } from '../../lib/ids.ts'
import { urlRules } from '../address.ts'
import type { Answer, Engine, OutgoingRequest, Post } from '../engine.ts'
import { outcomeOf, noAnswer } from '../outcome.ts'
import { maskHeaders } from '../redact.ts'
import { hiddenContext } from '../sealed.ts'
import { CAUGHT, planOf, type AnswerPlan, type BinAnswer } from './answer.ts'
import { binToken } from './address.ts'
import { verdictOn } from './verdict.ts'

/** As much of a body is kept. */
export const MOST_KEPT = 256 * 1024
/** So many requests wait at once, in one process: others are answered right away. */
const MOST_WAITING = 5

/** A request on its way into a bin. Names of headers are in small letters. */
export interface Caught {
  readonly method: string
  readonly query: string
  readonly headers: readonly (readonly [string, string])[]
  readonly body: Uint8Array
  /** Those of the headers that carry credentials although their names do not tell. */
  readonly secret?: readonly (readonly [string, string])[]
}

/** What the bin says to it. */
interface BinReply {
  readonly status: number
  readonly headers: AnswerPlan['headers']
  readonly waitMs: number
  readonly body: string
}

const utf8 = { read: new TextDecoder(), write: new TextEncoder() }

/**
 * Stores a request, with what has to be in the same commit, and says how it is answered; null when there is no such bin,
 * or none any more.
 */
export async function catchAt(
  engine: Engine,
  token: string,
  request: Caught,
  also: readonly Statement[] = [],
): Promise<BinReply | null> {
  const { db, clock, vault } = engine
  const bin = await binByToken(db, token)
  if (!bin) return null
  const plan = planOf(JSON.parse(bin.answer) as BinAnswer)
  const id = newId('cap', engine)
  const shown = maskHeaders(request.headers, request.secret)
  const isMasked = shown.some(([, value], i) => value !== request.headers[i]?.[1])
  const kept = request.body.subarray(0, MOST_KEPT)
  const row = {
    id,
    bin_id: bin.id,
    at: clock(),
    method: request.method,
    query: request.query,
    headers: JSON.stringify(shown),
    hidden: isMasked ? await vault.seal(JSON.stringify(request.headers), hiddenContext(id)) : null,
    body: toBase64(kept),
    bytes: request.body.byteLength,
    verdict: await verdictOf(engine, bin, request),
  }
  const most = Number(await setting(db, 'bin_captures'))
  const status = (await db.commit([...also, ...catchRequest(db, row, plan, most)])).at(-1)?.rows[0]?.status
  if (typeof status !== 'number') return null
  const failed = status === plan.failure && status !== plan.status
  return { status, headers: failed ? [] : plan.headers, waitMs: plan.waitMs, body: status === 204 ? '' : CAUGHT }
}

const verdictOf = (engine: Engine, bin: BinTable, { headers, body }: Caught) =>
  verdictOn(engine, bin.webhook_id, new Map(headers), utf8.read.decode(body))

let waiting = 0

/** Waits as a bin was told to; not at all while too many do. Resolves with whether it waited to the end. */
export async function wait(ms: number, limit = ms): Promise<boolean> {
  if (ms === 0 || waiting >= MOST_WAITING) return true
  waiting++
  try {
    await new Promise((resolve) => setTimeout(resolve, Math.min(ms, limit)))
    return ms <= limit
  } finally {
    waiting--
  }
}

/** Sends as the engine does, save to our own bins: those are reached from inside, as nobody may call this installation. */
export function reachingBins(engine: Engine): Post {
  const inside = async (token: string, url: URL, request: OutgoingRequest): Promise<Answer> => {
    const started = engine.clock()
    const { body } = request
    const reply = await catchAt(engine, token, {
      method: request.method ?? 'POST',
      query: url.search.slice(1),
      headers: request.headers.map(([name, value]) => [name.toLowerCase(), value]),
      body: typeof body === 'string' ? utf8.write.encode(body) : (body ?? new Uint8Array()),
    })
    const inTime = await wait(reply?.waitMs ?? 0, request.timeoutMs)
    const durationMs = engine.clock() - started
    if (!inTime) return noAnswer('timeout', durationMs)
    const status = reply?.status ?? 404
    return {
      ...outcomeOf(status),
      status,
      headers: [['content-type', 'text/plain; charset=utf-8'], ...(reply?.headers ?? [])],
      body: utf8.write.encode(reply?.body ?? 'There is no such bin.\n'),
      truncated: false,
      durationMs,
    }
  }
  return async (request) => {
    // Hardly any address has this in it, and to read two of them takes as long as half of a signature.
    if (!request.url.includes('/bin/')) return engine.post(request)
    const url = new URL(request.url)
    const token = binToken(url, urlRules(engine).ownHosts)
    return token === null ? engine.post(request) : inside(token, url, request)
  }
}
