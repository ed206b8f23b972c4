import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Config } from '../config.ts'
import type { Random } from '../lib/clock.ts'

/** APP_SECRET, or the one that lies in the data folder; made there once, readable by its owner alone. */
export function appSecretOf(config: Config, random: Random): string {
  if (config.appSecret !== null) return config.appSecret
  const file = join(config.dataDir, 'app-secret')
  if (existsSync(file)) return readFileSync(file, 'utf8').trim()
  const secret = Buffer.from(random(32)).toString('base64url')
  writeFileSync(file, `${secret}\n`, { mode: 0o600, flag: 'wx' })
  return secret
}
