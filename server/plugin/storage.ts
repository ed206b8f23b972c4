import type { Db } from '../../db/db.ts'
import { recordById, recordsWhere, type Shelf } from '../../db/queries/plugin-records.ts'
import type { Clock } from '../lib/clock.ts'
import { fail } from '../lib/errors.ts'
import { isLonger } from '../lib/size.ts'
import type { Collection, CollectionAbout, Manifest, Reader } from './define.ts'
import { MAX_BYTES } from './payload.ts'
import type { Unit } from './unit.ts'

/** How many records one question gets at most. */
const MOST_LISTED = 1000

interface Row {
  readonly id: string
  readonly [field: string]: unknown
}

/** The records of a plugin at one site, to read. */
export const readStorage = (db: Db, { slug, storage = {} }: Manifest, site: string) =>
  mapEntries(storage, (collection, about) => reader(db, { slug, site, collection }, about))

/** The same to write as well: what is written waits in the unit. */
export const writeStorage = (
  deps: { readonly db: Db; readonly clock: Clock },
  { slug, storage = {} }: Manifest,
  site: string,
  unit: Unit,
  most = MOST_LISTED,
) => mapEntries(storage, (collection, about) => writer(deps, { slug, site, collection }, about, unit, most))

const mapEntries = <A, B>(record: Readonly<Record<string, A>>, map: (key: string, value: A) => B): Record<string, B> =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(key, value)]))

function reader(db: Db, shelf: Shelf, about: CollectionAbout, most = MOST_LISTED): Reader<Row, string> {
  const read = (data: string): Row => demand(shelf, about, JSON.parse(data))
  return {
    async get(id) {
      const record = await recordById(db, shelf, id)
      return record && read(record.data)
    },
    async list(where = {}, { limit = most > MOST_LISTED ? most : 100 } = {}) {
      const wanted = Object.entries(where).filter(([, value]) => value !== undefined)
      const unknown = wanted.find(([field]) => !about.indexes?.includes(field))
      if (unknown) throw new Error(`${shelf.collection} cannot be listed by ${unknown[0]}: name it in indexes.`)
      const found = await recordsWhere(
        db,
        shelf,
        wanted.map(([field, value]) => [field, String(value)] as const),
        Math.max(1, Math.min(most, Math.floor(limit))),
      )
      return found.map(({ data }) => read(data))
    },
  }
}

function writer(
  { db, clock }: { readonly db: Db; readonly clock: Clock },
  shelf: Shelf,
  about: CollectionAbout,
  unit: Unit,
  most: number,
): Collection<Row, string> {
  const recordOf = (id: string, row: object) => {
    if (id === '' || id.length > 191) throw new Error(`The id of a record in ${shelf.collection} has 1 to 191 letters.`)
    const value = demand(shelf, about, { ...row, id })
    const data = JSON.stringify(value)
    if (isLonger(data, MAX_BYTES))
      throw fail('too_large', 'A record has more than {max} KiB.', { max: MAX_BYTES / 1024 })
    const indexed = (about.indexes ?? [])
      .filter((field) => value[field] !== undefined && value[field] !== null)
      .map((field) => [field, String(value[field])] as const)
    return { id, data, indexed, at: clock() }
  }
  return {
    ...reader(db, shelf, about, most),
    add: (id, row) => unit.change({ how: 'add', shelf, record: recordOf(id, row) }),
    put: (id, row) => unit.change({ how: 'put', shelf, record: recordOf(id, row) }),
    delete: (id) => unit.change({ how: 'delete', shelf, id }),
  }
}

function demand(shelf: Shelf, about: CollectionAbout, value: unknown): Row {
  const parsed = about.schema.safeParse(value)
  if (parsed.success) return { ...parsed.data }
  const [issue] = parsed.error.issues
  throw new Error(
    `A record of ${shelf.collection} does not fit its schema at ${issue?.path.join('.')}: ${issue?.message}`,
  )
}
