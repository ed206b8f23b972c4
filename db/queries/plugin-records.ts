import type { Db, Statement } from '../db.ts'

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

export interface PluginRecord {
  readonly id: string
  readonly data: string
  readonly indexed: readonly (readonly [field: string, value: string])[]
  readonly at: number
}

/** Writes a new record; the commit is refused as `constraint` if there is one already. */
export const addRecord = (db: Db, shelf: Shelf, record: PluginRecord): readonly Statement[] => [
  insert(db, shelf, record),
  ...indexRecord(db, shelf, record),
]

export const putRecord = (db: Db, shelf: Shelf, record: PluginRecord): readonly Statement[] => [
  insert(db, shelf, record).onConflict((oc) =>
    oc.columns(['slug', 'site_id', 'collection', 'id']).doUpdateSet({ data: record.data, updated_at: record.at }),
  ),
  forgetIndexes(db, shelf, record.id),
  ...indexRecord(db, shelf, record),
]

export const deleteRecord = (db: Db, shelf: Shelf, id: string): readonly Statement[] => [
  db.q
    .deleteFrom('plugin_record')
    .where('slug', '=', shelf.slug)
    .where('site_id', '=', shelf.site)
    .where('collection', '=', shelf.collection)
    .where('id', '=', id),
  forgetIndexes(db, shelf, id),
]

const insert = (db: Db, { slug, site, collection }: Shelf, { id, data, at }: PluginRecord) =>
  db.q.insertInto('plugin_record').values({ slug, site_id: site, collection, id, data, created_at: at, updated_at: at })

const indexRecord = (db: Db, { slug, site, collection }: Shelf, { id, indexed }: PluginRecord): readonly Statement[] =>
  indexed.length === 0
    ? []
    : [
        db.q
          .insertInto('plugin_index')
          .values(indexed.map(([field, value]) => ({ slug, site_id: site, collection, field, value, id }))),
      ]

const forgetIndexes = (db: Db, { slug, site, collection }: Shelf, id: string) =>
  db.q
    .deleteFrom('plugin_index')
    .where('slug', '=', slug)
    .where('site_id', '=', site)
    .where('collection', '=', collection)
    .where('id', '=', id)
