import type { Db } from '../../db/db.ts'
import { subscriptions, webhooksRevision, type Subscription } from '../../db/queries/outbox.ts'
import type { JsonObject } from '../lib/json.ts'
import { matches, readCondition, type Condition } from './condition.ts'

/** What decides who wants an event. */
export interface Wanted {
  readonly type: string
  readonly siteId: string
  readonly data: JsonObject
  /** A webhook that must not get it: the one that it is about. */
  readonly except?: string
}

/** A subscription with its choices read, so that no event reads them again. */
export interface Subscriber {
  readonly id: string
  readonly format: string
  readonly sites: ReadonlySet<string>
  readonly condition: Condition | null
}

/** The webhooks that want this very event: of this site, and with a payload that meets their condition. */
export async function wantedBy(db: Db, event: Wanted): Promise<Subscriber[]> {
  const list = await subscribers(db, event.type, event.siteId)
  return list.filter(
    ({ id, sites, condition }) =>
      id !== event.except &&
      (sites.size === 0 || sites.has(event.siteId)) &&
      (condition === null || matches(condition, event.data)),
  )
}

function subscriber({ id, format, sites, condition }: Subscription): Subscriber {
  const read = condition === null ? null : readCondition(JSON.parse(condition))
  // What was stored was checked before; if it cannot be read any more, sending too much would be worse than nothing.
  const met = read === null ? null : read.ok ? read.condition : { or: [] }
  return { id, format, sites: new Set(JSON.parse(sites) as string[]), condition: met }
}

interface Remembered {
  revision: number
  readonly lists: Map<string, readonly Subscriber[]>
}
const remembered = new WeakMap<Db, Remembered>()
const MOST_REMEMBERED = 2000

/**
 * Who wants this event. Lists are remembered as long as the revision stands, which every change of a webhook raises in
 * its own commit: one read by primary key instead of the whole question, and never a stale answer.
 */
async function subscribers(db: Db, type: string, siteId: string): Promise<readonly Subscriber[]> {
  const revision = await webhooksRevision(db)
  let memory = remembered.get(db)
  if (!memory || memory.revision !== revision || memory.lists.size > MOST_REMEMBERED) {
    remembered.set(db, (memory = { revision, lists: new Map() }))
  }
  const key = `${siteId} ${type}`
  let list = memory.lists.get(key)
  if (!list) memory.lists.set(key, (list = (await subscriptions(db, type, siteId)).map(subscriber)))
  return list
}
