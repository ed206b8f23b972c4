import {
  nextRows,
  places,
  rowsOf,
  type Place,
  type PlaceName,
  type Row,
  type Value,
} from '../../db/queries/privacy-places.ts'
import { fromBase64 } from '../lib/base64.ts'
import { hiddenContext } from '../webhooks/sealed.ts'
import type { Engine } from '../webhooks/engine.ts'
import type { Match } from './match.ts'

/** A row with the address in it, and where it stands. */
export interface Hit {
  readonly row: Row
  /** How many rows were looked at before this one, and where the walk was then. */
  readonly n: number
  readonly before: readonly Value[] | null
}

/** What one step of a walk saw. */
export interface Seen {
  readonly hits: readonly Hit[]
  readonly looked: number
  /** Where the next step goes on; null at the end of the place. */
  readonly next: readonly Value[] | null
}

/** As many whole rows are in memory at once: each may have several hundred KB. */
const AT_ONCE = 50

/** Looks at the next rows of a place. */
export async function look(
  engine: Pick<Engine, 'db' | 'vault'>,
  name: PlaceName,
  after: readonly Value[] | null,
  match: Match,
): Promise<Seen> {
  const place: Place = places[name]
  const rows = await nextRows(engine.db, place, after, match.part)
  const positions = rows.map((row) => place.along.map((column) => row[column] ?? ''))
  const maybe = rows.flatMap((row, n) => (Number(row['maybe']) === 1 ? [{ row, n }] : []))
  const hits: Hit[] = []
  for (let i = 0; i < maybe.length; i += AT_ONCE) {
    const some = maybe.slice(i, i + AT_ONCE)
    const keys = some.map(({ row }) => keyOf(place, row))
    const whole = new Map(
      (await rowsOf(engine.db, place, columnsOf(place), keys)).map((row) => [nameOf(place, row), row]),
    )
    for (const { row, n } of some) {
      const found = whole.get(nameOf(place, row))
      if (found && (await holds(engine, place, found, match)))
        hits.push({ row: found, n, before: positions[n - 1] ?? after })
    }
  }
  return { hits, looked: rows.length, next: rows.length < place.most ? null : (positions.at(-1) ?? null) }
}

export const keyOf = (place: Place, row: Row): Value[] => place.key.map((column) => row[column] ?? '')

/** A row by the JSON of its key. */
export const nameOf = (place: Place, row: Row): string => JSON.stringify(keyOf(place, row))

/** The rows of these names, as far as they are still there, in the same order: what of them is shown to people. */
export async function rowsNamed({ db }: Pick<Engine, 'db'>, place: Place, names: readonly string[]): Promise<Row[]> {
  const keys = names.map((name) => JSON.parse(name) as Value[])
  const rows = await rowsOf(db, place, place.shows, keys)
  const byName = new Map(rows.map((row) => [nameOf(place, row), row]))
  return names.map((name) => byName.get(name)).filter((row) => row !== undefined)
}

const columnsOf = ({ texts, packed, sealed }: Place): string[] => [
  ...texts,
  ...[packed, sealed].filter((column) => column !== undefined),
]

async function holds({ vault }: Pick<Engine, 'vault'>, place: Place, row: Row, { isIn }: Match): Promise<boolean> {
  if (place.texts.some((column) => isIn(String(row[column] ?? '')))) return true
  if (place.packed !== undefined && isIn(readPacked(row[place.packed]))) return true
  const cipher = place.sealed === undefined ? null : row[place.sealed]
  if (typeof cipher !== 'string') return false
  // What no key of ours opens any more tells nothing to anybody.
  const plain = await vault.open(cipher, hiddenContext(String(row['id']))).catch(() => '')
  return isIn(plain)
}

/** What others sent us, as text; bytes that are none read as something else. */
export const readPacked = (base64: Row[string] | undefined): string =>
  typeof base64 === 'string' && base64 !== '' ? new TextDecoder().decode(fromBase64(base64)) : ''
