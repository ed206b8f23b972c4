import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Config } from '../config.ts'
import type { Random } from '../lib/clock.ts'

/** APP_SECRET, or the one that lies in the data folder; made there once, readable by its owner alone. */
export function appSecretOf(config: Config, random: Random): string {
  const known = config.appSecret ?? secretBeside(config)
  if (known !== null) return known
  const secret = Buffer.from(random(32)).toString('base64url')
  writeFileSync(fileIn(config), `${secret}\n`, { mode: 0o600, flag: 'wx' })
  return secret
}

/** The one that lies in the data folder; null where none was made yet. */
export const secretBeside = (config: Pick<Config, 'dataDir'>): string | null =>
  existsSync(fileIn(config)) ? readFileSync(fileIn(config), 'utf8').trim() : null

const fileIn = ({ dataDir }: Pick<Config, 'dataDir'>): string => join(dataDir, 'app-secret')
