import type { Db } from '../../db/db.ts'
import { subscriptions, webhooksRevision, type Subscription } from '../../db/queries/outbox.ts'
import type { JsonObject } from '../lib/json.ts'
import type { DeliveryPlan } from './batch-policy.ts'
import { matches, readCondition, type Condition } from './condition.ts'
import { isZapier } from './presets.ts'

/** What decides who wants an event. */
export interface Wanted {
  readonly type: string
  readonly siteId: string
  readonly data: JsonObject
  /** A webhook that must not get it: the one that it is about. */
  readonly except?: string
}

/** A webhook with its choices read, so that no event reads them again. */
interface Wanting {
  readonly id: string
  readonly format: string
  readonly sites: ReadonlySet<string>
  readonly condition: Condition | null
  /** Gathers everything; else only events whose own lane is `batched`. */
  readonly gathersAll: boolean
  /**
   * Wants each event as a request of its own, whatever its lane: Zapier would start a run per element of a JSON array, and
   * other builders subscribe to objects.
   */
  readonly oneByOne: boolean
}

export type Lane = 'realtime' | 'batched'

/** Whether an event of this lane waits for a batch. */
export const isBatched = ({ gathersAll, oneByOne }: Wanting, lane: Lane): boolean =>
  gathersAll || (lane === 'batched' && !oneByOne)

function wanting({ id, format, sites, condition, delivery, url, origin }: Subscription): Wanting {
  const read = condition === null ? null : readCondition(JSON.parse(condition))
  // What was stored was checked before; if it cannot be read any more, sending too much would be worse than nothing.
  const met = read === null ? null : read.ok ? read.condition : { or: [] }
  const { mode } = JSON.parse(delivery) as DeliveryPlan
  return {
    id,
    format,
    sites: new Set(JSON.parse(sites) as string[]),
    condition: met,
    gathersAll: mode === 'batched',
    oneByOne: origin === 'rest_hook' || isZapier(url),
  }
}

interface Remembered {
  revision: number
  readonly lists: Map<string, readonly Wanting[]>
}
const remembered = new WeakMap<Db, Remembered>()
const MOST_REMEMBERED = 2000

/**
 * Finds the webhooks that want an event: of its site, and with a payload that meets their condition. Lists are remembered
 * as long as the revision stands, which every change of a webhook raises in its own commit: one read by primary key for
 * all events of a commit, and never a stale answer.
 */
export async function whoWants(
  db: Db,
): Promise<{ readonly revision: number; readonly wantedBy: (event: Wanted) => Promise<readonly Wanting[]> }> {
  const revision = await webhooksRevision(db)
  let memory = remembered.get(db)
  if (!memory || memory.revision !== revision || memory.lists.size > MOST_REMEMBERED) {
    remembered.set(db, (memory = { revision, lists: new Map() }))
  }
  const { lists } = memory
  const wantedBy = async ({ type, siteId, data, except }: Wanted) => {
    const key = `${siteId} ${type}`
    let list = lists.get(key)
    if (!list) lists.set(key, (list = (await subscriptions(db, type, siteId)).map(wanting)))
    return list.filter(
      ({ id, sites, condition }) =>
        id !== except && (sites.size === 0 || sites.has(siteId)) && (condition === null || matches(condition, data)),
    )
  }
  return { revision, wantedBy }
}
