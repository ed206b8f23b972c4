import type { Db } from '../../../db/db.ts'
import { appliedTo } from '../../../db/migrate.ts'
import {
  attemptsWithoutDelivery,
  deliveriesWithoutEvent,
  secretsWithoutWebhook,
  waitingWithoutWebhook,
  webhooksWithoutSite,
} from '../../../db/queries/orphans.ts'
import { setting } from '../../../db/queries/settings.ts'
import { checkAudit } from '../../access/audit.ts'
import type { Config } from '../../config.ts'
import type { Log } from '../../lib/log.ts'
import { openSettings } from '../../plugin/settings.ts'
import { openSealed } from '../../webhooks/seal-again.ts'
import { createVault, proof } from '../../webhooks/secrets.ts'
import { secretBeside } from '../app-secret.ts'
import { readMigrations } from '../migrations.ts'
import { openPostgres } from '../postgres.ts'
import { createRandom } from '../random.ts'
import { openSqliteReader } from '../sqlite-reader.ts'
import { faultsOf, mustExist, openToRead, sqliteFile } from './file.ts'
import { because } from './refusal.ts'

/** One thing that was looked at, and a sentence about what was found. */
export interface Finding {
  readonly check: 'file' | 'migrations' | 'rows' | 'audit' | 'secrets'
  readonly ok: boolean
  readonly text: string
}

/**
 * Looks the whole database over: the file, the migrations, rows that lead nowhere, the chain of the audit log, and whether
 * the APP_SECRET of these settings opens what is stored. Changes nothing, and may run beside a server. Throws a Refusal for
 * a file that is no database, and a DbError where PostgreSQL does not answer.
 */
export async function checkDatabase(config: Config, log: Log): Promise<readonly Finding[]> {
  const file = sqliteFile(config)
  if (file !== null) mustExist(file)
  const ofFile = file === null ? [] : [checkFile(file)]
  if (ofFile.some(({ ok }) => !ok)) return ofFile
  const db = file === null ? await openPostgres({ url: config.databaseUrl, log }) : openSqliteReader(file)
  try {
    const migrations = await checkMigrations(db)
    // Tables that are missing or of a later version would only make the rest fail.
    if (!migrations.ok) return [...ofFile, migrations]
    return [...ofFile, migrations, await checkRows(db), await checkLog(db), await checkSecrets(db, config)]
  } finally {
    await db.close()
  }
}

function checkFile(file: string): Finding {
  const db = openToRead(file)
  try {
    const faults = faultsOf(db)
    const text =
      faults.length === 0 ? `SQLite finds nothing wrong in ${file}.` : `${file} is damaged: ${faults.join('; ')}.`
    return { check: 'file', ok: faults.length === 0, text }
  } finally {
    db.close()
  }
}

async function checkMigrations(db: Db): Promise<Finding> {
  const check = 'migrations'
  const applied = await appliedTo(db).catch(() => null)
  if (applied === null) return { check, ok: false, text: 'This is no database of Hookline.' }
  const known = (await readMigrations()).map(({ name }) => name)
  const missing = known.filter((name) => !applied.has(name))
  const newer = [...applied].filter((name) => !known.includes(name))
  if (newer.length > 0) {
    return {
      check,
      ok: false,
      text: `The database is of a newer version of Hookline (${newer.join(', ')}). Update it.`,
    }
  }
  if (missing.length > 0) {
    return { check, ok: false, text: `${missing.join(', ')} is missing. Start the server, or run hookline db migrate.` }
  }
  return { check, ok: true, text: `All ${known.length} migrations are there.` }
}

async function checkRows(db: Db): Promise<Finding> {
  const counted: readonly (readonly [what: string, count: number])[] = [
    ['deliveries whose event is gone', await deliveriesWithoutEvent(db)],
    ['deliveries that wait for a webhook that is gone', await waitingWithoutWebhook(db)],
    ['attempts whose delivery is gone', await attemptsWithoutDelivery(db)],
    ['secrets whose webhook is gone', await secretsWithoutWebhook(db)],
    ['webhooks whose site is gone', await webhooksWithoutSite(db)],
  ]
  const found = counted.filter(([, count]) => count > 0).map(([what, count]) => `${count} ${what}`)
  if (found.length === 0) return { check: 'rows', ok: true, text: 'Every row leads where it should.' }
  return { check: 'rows', ok: false, text: `There are ${found.join(', ')}.` }
}

async function checkLog(db: Db): Promise<Finding> {
  const { seq, broken } = await checkAudit({ db }, null, Number.MAX_SAFE_INTEGER)
  if (broken === null)
    return { check: 'audit', ok: true, text: `The audit log is as it was written, up to entry ${seq}.` }
  return { check: 'audit', ok: false, text: `Entry ${broken} of the audit log was changed, removed or put in.` }
}

async function checkSecrets(db: Db, config: Config): Promise<Finding> {
  const check = 'secrets'
  const appSecret = config.appSecret ?? secretBeside(config)
  if (appSecret === null) {
    return { check, ok: false, text: 'There is no APP_SECRET: set it, or put the file app-secret back into DATA_DIR.' }
  }
  const previous = config.appSecretPrevious
  const proofs = await Promise.all([appSecret, previous].filter((one) => one !== null).map(proof))
  if (!proofs.includes(await setting(db, 'secret_proof', proofs[0]))) {
    return { check, ok: false, text: 'APP_SECRET is another one than this database was made with.' }
  }
  const vault = await createVault({ appSecret, previous, random: createRandom() })
  try {
    const opened = (await openSealed({ db, vault })) + (await openSettings({ db, vault }))
    return { check, ok: true, text: `APP_SECRET is the right one; it opens all ${opened} stored secrets.` }
  } catch (error) {
    return { check, ok: false, text: because(error) }
  }
}
