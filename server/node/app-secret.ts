import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Db } from '../../db/db.ts'
import { keepSetting, setSetting, setting } from '../../db/queries/settings.ts'
import { ConfigError, type Config } from '../config.ts'
import type { Random } from '../lib/clock.ts'
import { proof } from '../webhooks/secrets.ts'

/** APP_SECRET, or the one that lies in the data folder; made there once, readable by its owner alone. */
export function appSecretOf(config: Config, random: Random): string {
  if (config.appSecret !== null) return config.appSecret
  const file = join(config.dataDir, 'app-secret')
  if (existsSync(file)) return readFileSync(file, 'utf8').trim()
  const secret = Buffer.from(random(32)).toString('base64url')
  writeFileSync(file, `${secret}\n`, { mode: 0o600, flag: 'wx' })
  return secret
}

/** Refuses a secret that this database was not made with: nothing in it would open. The previous one is a way over. */
export async function checkAppSecret(db: Db, appSecret: string, previous: string | null): Promise<void> {
  const ours = await proof(appSecret)
  await db.commit([keepSetting(db, 'secret_proof', ours)])
  const known = await setting(db, 'secret_proof', ours)
  if (known === ours) return
  if (previous !== null && known === (await proof(previous))) {
    await db.commit([setSetting(db, 'secret_proof', ours)])
    return
  }
  throw new ConfigError([
    'APP_SECRET is another one than this database was made with; start with that one, or give it as APP_SECRET_PREVIOUS.',
  ])
}
