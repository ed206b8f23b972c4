import { migrate } from '../../db/migrate.ts'
import { readMigrations } from '../../server/node/migrations.ts'
import { openSqlite } from '../../server/node/sqlite.ts'
import { quiet } from './log.ts'
import { worldOn, type World } from './world.ts'

export { ADDRESS, PASSWORD, actorOf, addPerson, logIn, type World } from './world.ts'

/** People on a database in memory. */
export async function openWorld(env: Record<string, string> = {}): Promise<World> {
  const db = await openSqlite({ file: ':memory:', log: quiet })
  await migrate(db, await readMigrations())
  return worldOn(db, env)
}
