import { tryCommit, type Statement } from '../../db/db.ts'
import { placeNames, places, type PlaceName, type Value } from '../../db/queries/privacy-places.ts'
import { advanceRequest, insertHits, insertRequest, moveRequest, runningRequests } from '../../db/queries/privacy.ts'
import type { PrivacyRequestTable } from '../../db/schema.ts'
import { auditEntry } from '../access/audit.ts'
import type { By } from '../lib/actor.ts'
import { newId } from '../lib/ids.ts'
import type { Engine } from '../webhooks/engine.ts'
import { erase, isKept, type Whose } from './erase.ts'
import { look, nameOf, type Hit } from './find.ts'
import { maskAddress, matchOf } from './match.ts'

/** Where a walk stands, and what it saw. */
export interface Progress {
  /** Null at the end. */
  readonly at: PlaceName | null
  readonly after: readonly Value[] | null
  /** Whether it waits for something that is on its way. */
  readonly waits: boolean
  readonly seen: Seen
  /** What the search found, while it is being erased and afterwards. */
  readonly found: Seen
}
type Seen = Partial<Record<PlaceName, { readonly looked: number; readonly found: number }>>

export const progressOf = ({ progress }: Pick<PrivacyRequestTable, 'progress'>): Progress =>
  JSON.parse(progress) as Progress

/** What of a place was looked at, and what of that holds the address. */
export interface Tally {
  readonly place: PlaceName
  /** How many rows; null where the walk has not been yet. */
  readonly looked: number | null
  readonly found: number
  /** Whether erasing leaves it as it is. */
  readonly kept: boolean
}

/** What was found, place by place, in the order of the walk. */
export function tallyOf(request: Pick<PrivacyRequestTable, 'state' | 'progress'>): readonly Tally[] {
  const { seen, found } = progressOf(request)
  return placeNames.map((place) => {
    const [now, before] = [seen[place], found[place]]
    return {
      place,
      looked: now?.looked ?? (request.state === 'erased' ? (before?.looked ?? null) : null),
      found: Math.max(now?.found ?? 0, before?.found ?? 0),
      kept: isKept(place),
    }
  })
}

/** The places that a request goes through: nothing is erased where things are kept. */
const wayOf = ({ state }: Pick<PrivacyRequestTable, 'state'>): readonly PlaceName[] =>
  state === 'erasing' ? placeNames.filter((place) => !isKept(place)) : placeNames

const beginning = (state: PrivacyRequestTable['state'], found: Seen = {}): string =>
  JSON.stringify({ at: wayOf({ state })[0] ?? null, after: null, waits: false, seen: {}, found } satisfies Progress)

/** Starts a search for all that is stored with an address in it; `goOn` makes its steps. Answers its id. */
export async function startSearch(engine: Engine, by: By, address: string): Promise<string> {
  const { db, clock } = engine
  const id = newId('prv', engine)
  const row: PrivacyRequestTable = {
    id,
    address,
    masked: maskAddress(address),
    state: 'searching',
    progress: beginning('searching'),
    steps: 0,
    created_by: by.id,
    created_at: clock(),
    ended_at: null,
  }
  await db.commit([insertRequest(db, row), ...auditOf(engine, by, row, 'searched')])
  return id
}

/**
 * Starts erasing what a search found. It walks through everything once more, as more may have come in since. Answers false
 * where there is nothing to start: it runs already, or is over.
 */
export const startErasing = (engine: Engine, by: By, request: PrivacyRequestTable): Promise<boolean> => {
  const progress = beginning('erasing', progressOf(request).seen)
  return tryCommit(engine.db, [
    ...moveRequest(engine.db, request.id, ['found'], { state: 'erasing', progress, ended_at: null }),
    ...auditOf(engine, by, request, 'erased'),
  ])
}

/** Stops a walk where it is. Answers false where none runs. */
export const stop = (engine: Engine, by: By, request: PrivacyRequestTable): Promise<boolean> => {
  const change = { state: 'stopped', ended_at: engine.clock() } as const
  return tryCommit(engine.db, [
    ...moveRequest(engine.db, request.id, ['searching', 'erasing'], change),
    ...auditOf(engine, by, request, 'stopped'),
  ])
}

/** What a person did with a request, for the audit log: by its masked address alone, as the log is kept for long. */
export const auditOf = (
  engine: Engine,
  by: By,
  { id, masked }: Pick<PrivacyRequestTable, 'id' | 'masked'>,
  done: 'searched' | 'exported' | 'erased' | 'stopped',
): Statement[] =>
  auditEntry(engine, by, { action: `privacy.${done}`, target: id, owner: 'network', after: { address: masked } })

/** Steps of one request in one run: what is left waits for the next run. */
const MOST_STEPS = 100

/**
 * Goes on with what runs, at least a step and for so many milliseconds each: called by the tick, so that a stop or a crash
 * in between loses nothing. What fails is tried again, and stands in nobody's way.
 */
export async function goOn(engine: Engine, longest: number): Promise<void> {
  for (const request of await runningRequests(engine.db)) {
    const until = engine.clock() + longest
    try {
      let now = await step(engine, request)
      for (let n = 1; n < MOST_STEPS && now !== null && engine.clock() < until; n++) now = await step(engine, now)
    } catch (error) {
      engine.log.error('A request for privacy cannot go on', { request: request.id, error: String(error) })
    }
  }
}

/** Looks at the next rows. Answers the request as it is then; null where it has ended, or has to wait. */
async function step(engine: Engine, request: PrivacyRequestTable): Promise<PrivacyRequestTable | null> {
  const { db, clock } = engine
  const { address, state } = request
  const progress = progressOf(request)
  const { at } = progress
  if (address === null || at === null) return null
  const match = matchOf(address)
  const { hits, looked, next } = await look(engine, at, progress.after, match)
  const erasing = state === 'erasing'
  const done = erasing ? await eraseAll(engine, at, hits, { address, match }) : hits.length
  const blocked = hits[done]
  const before = progress.seen[at] ?? { looked: 0, found: 0 }
  const seen = { looked: before.looked + (blocked?.n ?? looked), found: before.found + done }
  const way = wayOf(request)
  const after: Progress = {
    at: blocked || next ? at : (way[way.indexOf(at) + 1] ?? null),
    after: blocked ? blocked.before : next,
    waits: blocked !== undefined,
    seen: { ...progress.seen, [at]: seen },
    found: progress.found,
  }
  const ended = after.at === null
  const change = {
    progress: JSON.stringify(after),
    ...(ended && { state: erasing ? ('erased' as const) : ('found' as const), ended_at: clock() }),
    // It was needed for nothing else.
    ...(ended && erasing && { address: null }),
  }
  const names = erasing ? [] : hits.map(({ row }) => nameOf(places[at], row))
  const results = await db.commit([
    ...(names.length > 0 ? [insertHits(db, request.id, at, names)] : []),
    advanceRequest(db, request, change),
  ])
  if (ended || blocked || results.at(-1)?.changes === 0) return null
  return { ...request, ...change, steps: request.steps + 1 }
}

/** Erases rows in order, up to the first that has to wait. Answers how many that were. */
async function eraseAll(engine: Engine, at: PlaceName, hits: readonly Hit[], whose: Whose): Promise<number> {
  for (const [done, { row }] of hits.entries()) if (!(await erase(engine, at, row, whose))) return done
  return hits.length
}
