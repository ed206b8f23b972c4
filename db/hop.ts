import { sql, type RawBuilder } from 'kysely'

/**
 * The different values of a column, for the front of a query: `hop (value)`, which ends with a null. It takes one look into
 * the index for each, however many rows there are, where `select distinct` would read them all. `where` is what the index is
 * about, if it is about some of the rows only.
 */
export const hopsAlong = (
  table: string,
  column: string,
  where: RawBuilder<unknown> = sql`1 = 1`,
): RawBuilder<unknown> => {
  const [rows, value] = [sql.table(table), sql.ref(`${table}.${column}`)]
  return sql`with recursive hop (value) as (
      select (select min(${value}) from ${rows} where ${where})
      union all
      select (select min(${value}) from ${rows} where ${where} and ${value} > hop.value) from hop where hop.value is not null
    )`
}
