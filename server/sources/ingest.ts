import { logRequest, logStrangers, sourceByToken, type SourceRow } from '../../db/queries/sources.ts'
import { sha256 } from '../access/token.ts'
import { MINUTE } from '../lib/clock.ts'
import { fail, type AppError } from '../lib/errors.ts'
import { newId } from '../lib/ids.ts'
import type { JsonObject } from '../lib/json.ts'
import type { Host } from '../plugin/host.ts'
import type { Mapping } from '../plugin/mapping.ts'
import type { Inbound } from '../plugin/source.ts'
import type { Engine } from '../webhooks/engine.ts'
import { sourceContext } from '../webhooks/sealed.ts'

type Deps = Pick<Engine, 'db' | 'clock' | 'random' | 'vault' | 'log'> & { readonly host: Host }

/** What the sender is told: the same for a request that came before. */
export interface Taken {
  readonly received: true
  readonly events: readonly { readonly id: string; readonly type: string }[]
}

/** The source at an address, or undefined: a token opens only the kind that it was made for. */
export async function findSource(deps: Deps, kind: string, token: string): Promise<SourceRow | undefined> {
  if (!/^[\w-]{43}$/.test(token)) return undefined
  const source = await sourceByToken(deps.db, await sha256(token), deps.clock())
  return source?.kind === kind ? source : undefined
}

/**
 * Takes a request in: its events, their deliveries and the line in the source's log are one commit. Throws AppError with
 * the reason for what is not taken; nothing is stored then.
 */
export async function takeIn(deps: Deps, source: SourceRow, request: Inbound, hops: number): Promise<Taken> {
  const { db, host, vault } = deps
  if (source.state === 'retired')
    throw fail('conflict', 'This source is retired. Activate it on its page, or stop sending.')
  const received = await host.receive({
    source: source.kind,
    id: source.id,
    site: source.site_id,
    secret: source.secret === null ? null : await vault.open(source.secret, sourceContext(source.id, 'secret')),
    settings: JSON.parse(source.settings) as JsonObject,
    mapping: source.mapping === null ? null : (JSON.parse(source.mapping) as Mapping),
    hops,
    request,
  })
  if (!received.ok) throw received.error
  const { emissions } = received
  const prepared = await host.prepare(emissions)
  const line = {
    id: newId('inb', deps),
    source_id: source.id,
    was_taken: 1,
    status: 200,
    reason: null,
    events: JSON.stringify(emissions.map(({ type }) => type)),
    at: deps.clock(),
  }
  const stored = db.commit([...prepared.statements, ...logRequest(db, line)])
  prepared.meanwhile()
  const results = await stored
  const emitted = prepared.finish(results.slice(0, prepared.statements.length))
  return { received: true, events: emitted.map(({ id }, n) => ({ id, type: emissions[n]?.type ?? '' })) }
}

/** A line in the source's log about what was not taken. Never throws: the sender is answered all the same. */
export async function noteRefusal(deps: Deps, source: SourceRow, error: AppError): Promise<void> {
  const { db, clock, log } = deps
  const reason = JSON.stringify({ detail: error.detail, errors: error.errors.slice(0, 10) })
  const line = {
    id: newId('inb', deps),
    source_id: source.id,
    was_taken: 0,
    status: error.status,
    events: '[]',
    at: clock(),
  }
  try {
    await db.commit(logRequest(db, { ...line, reason }))
  } catch (failure) {
    log.error('A refused request could not be noted.', { source: source.id, error: String(failure) })
  }
}

/**
 * Counts requests with a token that nobody gave out. At most one write a minute for each kind of source: what came in
 * between is added with the next one.
 */
export function createStrangerCount(deps: Deps): (kind: string) => Promise<void> {
  const { db, host, clock, log } = deps
  const waiting = new Map<string, { count: number; writtenAt: number }>()
  return async (kind) => {
    const known = host.sources().some(({ name }) => name === kind) ? kind : 'unknown'
    const entry = waiting.get(known) ?? { count: 0, writtenAt: -Infinity }
    waiting.set(known, entry)
    entry.count++
    if (clock() - entry.writtenAt < MINUTE) return
    const { count } = entry
    entry.count = 0
    entry.writtenAt = clock()
    try {
      await db.commit([logStrangers(db, known, count, clock())])
    } catch (failure) {
      log.error('A request with a wrong token could not be noted.', { kind: known, error: String(failure) })
    }
  }
}
