/** What somebody may pipe on. */
export const out = (text: string): void => void process.stdout.write(`${text}\n`)

/** What is only for the person who looks on. */
export const note = (text: string): void => void process.stderr.write(`${clean(text)}\n`)

/** A column of a table: its head, and the cell of a row. */
export type Column<Row> = readonly [head: string, cell: (row: Row) => unknown]

/** Rows below each other, as wide as they are: whoever wants them cut cuts them. */
export function table<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): void {
  const cells = [columns.map(([head]) => head), ...rows.map((row) => columns.map(([, cell]) => shown(cell(row))))]
  const widths = columns.map((_, n) => Math.max(...cells.map((line) => widthOf(line[n] ?? ''))))
  for (const line of cells) {
    const padded = line.map((cell, n) => cell + ' '.repeat((widths[n] ?? 0) - widthOf(cell)))
    out(padded.join('  ').trimEnd())
  }
}

/** One thing, a field a line. What is absent or empty is left out. */
export function record(fields: Readonly<Record<string, unknown>>): void {
  const shownFields = Object.entries(fields)
    .map(([name, value]) => [name, shown(value)] as const)
    .filter(([, value]) => value !== '')
  const width = Math.max(0, ...shownFields.map(([name]) => name.length))
  for (const [name, value] of shownFields) out(`${name.padEnd(width)}  ${value}`)
}

/** JSON over as many lines as it takes. */
export function pretty(value: unknown): void {
  for (const line of JSON.stringify(value, null, 2).split('\n')) out(clean(line))
}

/** A value in one line. */
export function shown(value: unknown): string {
  if (value === null || value === undefined) return ''
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  if (typeof value === 'string') return clean(value)
  if (typeof value === 'number') return String(value)
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return clean(value.join(', '))
  return clean(JSON.stringify(value))
}

/** What others sent must not steer a terminal. */
const clean = (text: string): string => text.replaceAll(/[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]+/gu, ' ')

const widthOf = (text: string): number => Array.from(text).length
