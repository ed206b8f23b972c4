import { keepSetting, setSetting, setting } from '../db/queries/settings.ts'
import { createAccess } from './access/access.ts'
import { ensureSetupKey } from './access/api-keys.ts'
import { settleHome } from './access/home.ts'
import { ConfigError } from './config.ts'
import type { Deps } from './deps.ts'
import { createHost } from './plugin/create-host.ts'
import type { HostOptions, Registry } from './plugin/create-host.ts'
import type { Watch } from './plugin/watch.ts'
import { reachingBins } from './webhooks/bins/catch.ts'
import type { Engine } from './webhooks/engine.ts'
import { ensureNetwork } from './webhooks/network.ts'
import { sealSettingsAgain } from './plugin/settings.ts'
import { sealAgain } from './webhooks/seal-again.ts'
import { createVault, proof } from './webhooks/secrets.ts'
import type { Sign } from './webhooks/sign.ts'

/** What a runtime brings along. */
interface Parts
  extends
    Omit<Engine, 'vault'>,
    Pick<Deps, 'dispatcher' | 'scrypt' | 'attempts' | 'writes' | 'backups' | 'eventBatch'> {
  readonly sign?: Sign
  readonly appSecret: string
  /** What tells this database from a copy of it, where the runtime knows. */
  readonly place?: string | null
  readonly registry: Registry
  /** Plugins that are not of this repository. */
  readonly outside?: Registry
  /** Refuse what a manifest of theirs says that this host does not know, instead of leaving it out. */
  readonly strict?: boolean
  readonly watch?: Watch
  /** How long handlers may take here, where that differs. */
  readonly limits?: HostOptions['limits']
  /** Whether there is a template of this name, where the pages of plugins are to be checked for theirs. */
  readonly hasTemplate?: HostOptions['hasTemplate']
}

/** Puts the product together from what a runtime brings. Throws ConfigError when the database was made with another secret. */
export async function compose({
  appSecret,
  place = null,
  registry,
  outside = {},
  strict = false,
  limits = {},
  hasTemplate,
  watch,
  dispatcher,
  scrypt,
  attempts,
  writes,
  backups,
  eventBatch,
  ...parts
}: Parts): Promise<Deps> {
  const { config, db, random } = parts
  await ensureNetwork({ db, random })
  const previous = config.appSecretPrevious
  const vault = await createVault({ appSecret, previous, random })
  await settleAppSecret({ db, vault }, appSecret, previous)
  await settleHome(parts, place)
  const outward: Engine = { ...parts, vault, formats: () => host.formats }
  const engine: Engine = { ...outward, post: reachingBins(outward) }
  const host = await createHost(engine, {
    registry,
    outside,
    strict,
    limits,
    hasTemplate,
    safeMode: config.safeMode,
    ...(watch && { watch }),
  })
  const access = await createAccess(engine, { appSecret, given: host.capabilities() })
  await ensureSetupKey(engine)
  const known = {
    ...(attempts && { attempts }),
    ...(writes && { writes }),
    ...(backups && { backups }),
    ...(eventBatch && { eventBatch }),
  }
  return { ...engine, host, access, dispatcher, scrypt, ...known }
}

/**
 * Refuses a secret that this database was not made with: nothing in it would open. Where APP_SECRET_PREVIOUS is the one,
 * everything is sealed again with the new one first, so that the previous one can be forgotten after this start.
 */
async function settleAppSecret(
  engine: Pick<Engine, 'db' | 'vault'>,
  appSecret: string,
  previous: string | null,
): Promise<void> {
  const { db } = engine
  const ours = await proof(appSecret)
  await db.commit([keepSetting(db, 'secret_proof', ours)])
  const known = await setting(db, 'secret_proof', ours)
  if (known === ours) return
  if (previous === null || known !== (await proof(previous))) {
    throw new ConfigError([
      'APP_SECRET is another one than this database was made with; start with that one, or give it as APP_SECRET_PREVIOUS.',
    ])
  }
  await sealAgain(engine)
  await sealSettingsAgain(engine)
  await db.commit([setSetting(db, 'secret_proof', ours)])
}
