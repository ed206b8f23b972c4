/** How a log is read, newest first. Each asks for one row more than is shown, to know whether there is more. */
interface LogReader<Row, Position> {
  /** Rows in front of a position, the nearest ones, newest first. */
  after(position: Position, limit: number): Promise<readonly Row[]>
  /** Rows behind a position, or from the newest on. */
  before(position: Position | null, limit: number): Promise<readonly Row[]>
}

/** Rows of one page. `newer` and `older` are the rows whose positions lead to the neighbours; null where a log ends. */
interface LogPage<Row> {
  readonly rows: readonly Row[]
  readonly newer: Row | null
  readonly older: Row | null
}

/** The page of a log that a URL asks for: in front of a row, behind one, or the newest. */
export async function logPage<Row, Position>(
  reader: LogReader<Row, Position>,
  { after, before, size }: { after: Position | null; before: Position | null; size: number },
): Promise<LogPage<Row>> {
  const pageOf = (rows: readonly Row[], newer: boolean, older: boolean): LogPage<Row> => ({
    rows,
    newer: newer ? (rows[0] ?? null) : null,
    older: older ? (rows.at(-1) ?? null) : null,
  })
  if (after !== null) {
    const rows = await reader.after(after, size + 1)
    if (rows.length >= size) return pageOf(rows.slice(-size), rows.length > size, true)
    // The newest page, then: half a page with nothing in front of it would leave the newest out of sight.
  }
  const from = after === null ? before : null
  const rows = await reader.before(from, size + 1)
  return pageOf(rows.slice(0, size), from !== null, rows.length > size)
}
