import type { Db } from '../../db/db.ts'

/** The number that stands for the whole network in the `envelope` format (`accountId`). Set once, at the first start. */
export async function networkNumber(db: Db): Promise<number> {
  const known = numbers.get(db)
  if (known !== undefined) return known
  const row = await db.q.selectFrom('setting').select('value').where('name', '=', 'network_number').executeTakeFirst()
  const number = row ? Number(row.value) : 1
  if (row) numbers.set(db, number)
  return number
}
const numbers = new WeakMap<Db, number>()
