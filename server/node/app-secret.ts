import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Db } from '../../db/db.ts'
import { setting } from '../../db/queries/settings.ts'
import { ConfigError, type Config } from '../config.ts'
import type { Random } from '../lib/clock.ts'

/**
 * APP_SECRET, or the one that lies in the data folder; made there once, readable by its owner alone. Throws a ConfigError
 * instead where the database has had one: another would open nothing, and stand in the way of the right one.
 */
export async function appSecretOf(config: Config, { db, random }: { db: Db; random: Random }): Promise<string> {
  const known = config.appSecret ?? secretBeside(config)
  if (known !== null) return known
  if ((await setting(db, 'secret_proof')) !== '') {
    throw new ConfigError([
      'The APP_SECRET that this database was made with is missing; set it, or put the file app-secret back into DATA_DIR.',
    ])
  }
  const secret = Buffer.from(random(32)).toString('base64url')
  writeFileSync(fileIn(config), `${secret}\n`, { mode: 0o600, flag: 'wx' })
  return secret
}

/** The one that lies in the data folder; null where none was made yet. */
export const secretBeside = (config: Pick<Config, 'dataDir'>): string | null =>
  existsSync(fileIn(config)) ? readFileSync(fileIn(config), 'utf8').trim() : null

const fileIn = ({ dataDir }: Pick<Config, 'dataDir'>): string => join(dataDir, 'app-secret')
