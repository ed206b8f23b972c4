import { sql } from 'kysely'
import type { Db, Statement } from '../db.ts'
import { rowFields } from '../prepared.ts'

/** Whose records: one collection of one plugin at one site. */
export interface Shelf {
  readonly slug: string
  readonly site: string
  readonly collection: string
}

const records = (db: Db, { slug, site, collection }: Shelf) =>
  db.q
    .selectFrom('plugin_record')
    .select(['id', 'data'])
    .where('slug', '=', slug)
    .where('site_id', '=', site)
    .where('collection', '=', collection)

export const recordById = (db: Db, shelf: Shelf, id: string): Promise<{ data: string } | undefined> =>
  records(db, shelf).where('id', '=', id).executeTakeFirst()

/** Records whose indexed fields have these values, newest first. */
export function recordsWhere(
  db: Db,
  shelf: Shelf,
  where: readonly (readonly [field: string, value: string])[],
  limit: number,
): Promise<{ id: string; data: string }[]> {
  let query = records(db, shelf).orderBy('created_at', 'desc').orderBy('id', 'desc')
  if (limit !== Infinity) query = query.limit(limit)
  for (const [field, value] of where) {
    query = query.where('id', 'in', (eb) =>
      eb
        .selectFrom('plugin_index')
        .select('plugin_index.id')
        .where('plugin_index.slug', '=', shelf.slug)
        .where('plugin_index.site_id', '=', shelf.site)
        .where('plugin_index.collection', '=', shelf.collection)
        .where('plugin_index.field', '=', field)
        .where('plugin_index.value', '=', value),
    )
  }
  return query.execute()
}

interface PluginRecord {
  readonly id: string
  readonly data: string
  readonly indexed: readonly (readonly [field: string, value: string])[]
  readonly at: number
}

/** What shall become of a record. `add` wants it to be new. */
export type RecordChange =
  | { readonly how: 'add' | 'put'; readonly shelf: Shelf; readonly record: PluginRecord }
  | { readonly how: 'delete'; readonly shelf: Shelf; readonly id: string }

/** As many bytes of records go into one statement. */
const MOST_BYTES = 1_000_000

/**
 * The changes of one plugin at one site, in a few statements however many they are: D1 takes 50 in a commit. Where `add`
 * meets a record that is there, the commit is refused as `constraint`.
 */
export function changeRecords(db: Db, changes: readonly RecordChange[]): readonly Statement[] {
  const [first] = changes
  if (!first) return []
  const { slug, site } = first.shelf
  const added: Row[] = []
  const last = new Map<string, { key: Key; record: PluginRecord | null; made: PluginRecord | null }>()
  for (const change of changes) {
    const record = change.how === 'delete' ? null : change.record
    const key = { c: change.shelf.collection, i: change.how === 'delete' ? change.id : change.record.id }
    const name = JSON.stringify(key)
    const before = last.get(name)
    // A record that this unit has written itself is no new one either: added twice, the commit is refused.
    const isNew = record !== null && change.how === 'add' && (!before || before.record !== null)
    if (isNew) added.push(rowOf(key, record))
    last.set(name, { key, record, made: isNew ? record : (before?.made ?? null) })
  }
  const all = [...last.values()]
  const kept = all.flatMap(({ key, record, made }) => (record ? [{ key, record, made }] : []))
  const put = kept.filter(({ record, made }) => record !== made).map(({ key, record }) => rowOf(key, record))
  const indexed = kept.flatMap(({ key, record }) => record.indexed.map(([f, v]) => ({ ...key, f, v })))
  const gone = all.filter(({ record }) => !record).map(({ key }) => key)
  return [
    ...chunks(added).map((rows) => insertRecords(db, slug, site, rows)),
    ...chunks(put).map((rows) => putRecords(db, slug, site, rows)),
    ...(gone.length > 0 ? [forget(db, 'plugin_record', slug, site, gone)] : []),
    forget(
      db,
      'plugin_index',
      slug,
      site,
      all.map(({ key }) => key),
    ),
    ...chunks(indexed).map((rows) => insertIndexes(db, slug, site, rows)),
  ]
}

/** Which record: its collection and id. */
interface Key {
  readonly c: string
  readonly i: string
}
interface Row extends Key {
  readonly d: string
  readonly a: number
}
const rowOf = (key: Key, { data, at }: PluginRecord): Row => ({ ...key, d: data, a: at })

function chunks<T>(rows: readonly T[]): readonly (readonly T[])[] {
  const groups: T[][] = []
  let bytes = 0
  for (const row of rows) {
    const size = JSON.stringify(row).length
    const group = groups.at(-1)
    if (group && bytes + size <= MOST_BYTES) {
      group.push(row)
      bytes += size
    } else {
      groups.push([row])
      bytes = size
    }
  }
  return groups
}

const select = (db: Db, slug: string, site: string, rows: readonly Row[]) => {
  const of = rowFields(db, sql`r.value`)
  return sql`insert into plugin_record (slug, site_id, collection, id, data, created_at, updated_at)
    select ${slug}, ${site}, ${of('c')}, ${of('i')}, ${of('d')}, ${of('a', 'number')}, ${of('a', 'number')}
    from ${db.dialect.rows(JSON.stringify(rows))} as r where true`
}

const insertRecords = (db: Db, slug: string, site: string, rows: readonly Row[]): Statement =>
  select(db, slug, site, rows).compile(db.q)

const putRecords = (db: Db, slug: string, site: string, rows: readonly Row[]): Statement =>
  sql`${select(db, slug, site, rows)} on conflict (slug, site_id, collection, id)
    do update set data = excluded.data, updated_at = excluded.updated_at`.compile(db.q)

const insertIndexes = (db: Db, slug: string, site: string, rows: readonly (Key & { f: string; v: string })[]) => {
  const of = rowFields(db, sql`r.value`)
  return sql`insert into plugin_index (slug, site_id, collection, field, value, id)
    select ${slug}, ${site}, ${of('c')}, ${of('f')}, ${of('v')}, ${of('i')}
    from ${db.dialect.rows(JSON.stringify(rows))} as r`.compile(db.q)
}

const forget = (
  db: Db,
  table: 'plugin_record' | 'plugin_index',
  slug: string,
  site: string,
  keys: readonly Key[],
): Statement => {
  const of = rowFields(db, sql`r.value`)
  return sql`delete from ${sql.table(table)} where slug = ${slug} and site_id = ${site}
    and (collection, id) in
      (select ${of('c')}, ${of('i')} from ${db.dialect.rows(JSON.stringify(keys))} as r)`.compile(db.q)
}
