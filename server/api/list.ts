import { decodeCursor, encodeCursor } from '../lib/cursor.ts'
import { fail } from '../lib/errors.ts'
import type { C } from '../web/env.ts'

/** `limit` and `cursor` of a list; a limit that makes no sense is refused, so that nobody pages by a wrong number. */
export function pageOf(c: C, list: string, shape: readonly ('string' | 'number')[]) {
  const raw = c.req.query('limit')
  const limit = raw === undefined ? 20 : Number(raw)
  if (!Number.isInteger(limit) || limit < 1 || limit > 100)
    throw fail('bad_request', 'limit is a whole number from 1 to 100.')
  const cursor = c.req.query('cursor')
  return { limit, position: cursor === undefined ? null : decodeCursor(list, cursor, shape) }
}

/** The list's answer: one row more than `limit` was read, so that the cursor is there only when there is more. */
export function listAnswer<Row>(
  list: string,
  rows: readonly Row[],
  limit: number,
  show: (row: Row) => unknown,
  position: (row: Row) => readonly (string | number)[],
): Response {
  const shown = rows.slice(0, limit)
  const last = shown.at(-1)
  return Response.json({
    data: shown.map(show),
    next_cursor: rows.length > limit && last !== undefined ? encodeCursor(list, position(last)) : null,
  })
}

/** A time in a query, ISO 8601; absent is null. */
export function timeOf(c: C, name: string): number | null {
  const raw = c.req.query(name)
  if (raw === undefined) return null
  const time = Date.parse(raw)
  if (Number.isNaN(time)) throw fail('bad_request', '{name} is a time such as 2026-01-31T12:00:00Z.', { name })
  return time
}
