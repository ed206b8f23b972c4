import { auditEntries, lastAudit, type AuditFilter } from '../../db/queries/audit.ts'
import { siteBySlug } from '../../db/queries/sites.ts'
import type { AuditTable } from '../../db/schema.ts'
import type { Deps } from '../deps.ts'
import { DAY, MINUTE } from '../lib/clock.ts'
import { shapes, textIn, type Get } from './log-filter.ts'
import { logPage } from './log-page.ts'

/** So many entries are looked at for a text; further back is a link away. */
export const WINDOW = 5000

/** What the URL of the log asks for. Empty texts ask for everything. */
export interface Asked {
  /** A name or an id. */
  readonly actor: string
  readonly action: string
  /** `network` or a slug. */
  readonly site: string
  /** The first and the last day, as `2026-01-31` on the reader's clock. */
  readonly from: string
  readonly to: string
  readonly q: string
}

/** Reads the URL. What makes no sense there is as good as not there. */
export function readAsked(get: Get): Asked {
  const day = (name: string): string => {
    const typed = textIn(get, name, /^\d{4}-\d\d-\d\d$/)
    return Number.isNaN(Date.parse(typed)) ? '' : typed
  }
  return {
    actor: textIn(get, 'actor', /^[^\p{Cc}]{1,191}$/u),
    action: textIn(get, 'action', /^[\w.]{1,100}$/),
    site: textIn(get, 'site', shapes.slug),
    from: day('from'),
    to: day('to'),
    q: textIn(get, 'q', /^[^\p{Cc}]{1,100}$/u),
  }
}

/** The same for the database; null when nothing can match. */
export async function filterOf(deps: Deps, asked: Asked, timeZone: string): Promise<AuditFilter | null> {
  const site = ['', 'network'].includes(asked.site) ? null : await siteBySlug(deps.db, asked.site)
  if (site === undefined) return null
  const isTarget = /^[a-z]{3}_[0-9a-z]{26}$/.test(asked.q)
  return {
    actor: asked.actor,
    action: asked.action,
    owner: site?.id ?? asked.site,
    ...(asked.from && { since: midnight(asked.from, timeZone) }),
    ...(asked.to && { until: midnight(dayAfter(asked.to), timeZone) }),
    ...(isTarget ? { target: asked.q } : { text: asked.q }),
  }
}

interface AuditPage {
  readonly rows: readonly AuditTable[]
  readonly newer?: Readonly<Record<string, string>>
  readonly older?: number
  /** Whether entries further back were not looked at yet. */
  readonly further: boolean
}

export async function auditPage(
  { db }: Pick<Deps, 'db'>,
  filter: AuditFilter,
  { before, after, size }: { before: number | undefined; after: number | undefined; size: number },
): Promise<AuditPage> {
  if (filter.text) return searched({ db }, filter, before, size)
  const { rows, newer, older } = await logPage<AuditTable, number>(
    {
      after: (position, limit) => auditEntries(db, filter, { after: position, limit }),
      before: (position, limit) => auditEntries(db, filter, { before: position ?? undefined, limit }),
    },
    { after: after ?? null, before: before ?? null, size },
  )
  return {
    rows,
    further: false,
    ...(newer && { newer: { after: String(newer.seq) } }),
    ...(older && { older: older.seq }),
  }
}

/** A text is looked for in so many entries at a time, so that no search reads the whole log. */
async function searched(
  { db }: Pick<Deps, 'db'>,
  filter: AuditFilter,
  before: number | undefined,
  size: number,
): Promise<AuditPage> {
  const from = before ?? (await lastAudit(db)) + 1
  const floor = from - 1 - WINDOW
  const found = await auditEntries(db, filter, { before: from, floor, limit: size + 1 })
  const rows = found.slice(0, size)
  const last = found.length > size ? rows.at(-1)?.seq : floor > 0 ? floor + 1 : undefined
  return {
    rows,
    further: found.length <= size && floor > 0,
    ...(before !== undefined && { newer: {} }),
    ...(last !== undefined && { older: last }),
  }
}

const dayAfter = (day: string): string => new Date(Date.parse(day) + DAY).toISOString().slice(0, 10)

/** When a day begins on the clock of a time zone. */
function midnight(day: string, timeZone: string): number {
  const utc = Date.parse(day)
  // Twice: the zone's distance to UTC may be another one at midnight than at the first guess.
  const first = utc - distance(utc, timeZone)
  return utc - distance(first, timeZone)
}

/** How far a zone's clock is ahead of UTC at a time. */
function distance(time: number, timeZone: string): number {
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'short' })
  const minute = Math.floor(time / MINUTE) * MINUTE
  return Date.parse(`${format.format(minute).replace(' ', 'T')}Z`) - minute
}
