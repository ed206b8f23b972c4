import { must } from '../../db/must.ts'
import { closeSetupDoors, openSetupDoor, setupDoor, swapSetupDoor } from '../../db/queries/access.ts'
import { hasSuperAdmin, someSuperAdmin } from '../../db/queries/people.ts'
import { setSetting } from '../../db/queries/settings.ts'
import { HOUR } from '../lib/clock.ts'
import { createPerson, type PeopleDeps } from './people.ts'
import { normalEmail, type NewPerson } from './person.ts'
import { newToken, sha256 } from './token.ts'

// A token opens once: GET /setup swaps it for a pass, which the browser keeps in a cookie until the form is sent.
const token = async (secret: string) => `setup:token:${await sha256(secret)}`
const pass = async (secret: string) => `setup:pass:${await sha256(secret)}`

/** How long a token holds, together with the pass that it was swapped for. */
export const SETUP_LIFETIME = HOUR

/**
 * While there is no super admin: makes the one of SETUP_EMAIL and SETUP_PASSWORD, or else a token, and gives the address
 * that it opens. Null when set-up is over. Several processes may each print their own; the first one used wins.
 */
export async function ensureSetup(deps: PeopleDeps): Promise<string | null> {
  if (await deps.access.isSetUp()) return null
  const { setupEmail, setupPassword, setupToken } = deps.config
  if (setupEmail !== null && setupPassword !== null) {
    const email = normalEmail(setupEmail)
    await finishSetup(deps, { name: email.split('@')[0] ?? email, email, password: setupPassword, network: null })
    return null
  }
  const secret = setupToken ?? newToken(deps.random)
  if (setupToken === null) await open(deps, await token(secret))
  return `${deps.publicUrl()}/setup?token=${encodeURIComponent(secret)}`
}

/** Takes a token and gives a pass for it; null when the token is wrong, used or too old. SETUP_TOKEN is never used up. */
export async function swapSetupToken(deps: PeopleDeps, given: string): Promise<string | null> {
  const fresh = newToken(deps.random)
  const [from, to] = await Promise.all([token(given), pass(fresh)])
  if (deps.config.setupToken !== null && from === (await token(deps.config.setupToken))) {
    await open(deps, to)
    return fresh
  }
  if (!(await isOpen(deps, from))) return null
  const [swapped] = await deps.db.commit([swapSetupDoor(deps.db, from, to)])
  return swapped?.changes === 1 ? fresh : null
}

export const holdsSetupPass = async (deps: PeopleDeps, given: string): Promise<boolean> =>
  isOpen(deps, await pass(given))

/** Makes the first super admin and names the network, unless somebody was faster: then false. Tokens and passes end. */
export async function finishSetup(
  deps: PeopleDeps,
  first: Pick<NewPerson, 'name' | 'email' | 'password' | 'locale'> & { readonly network: string | null },
): Promise<boolean> {
  const { db } = deps
  const { network, ...person } = first
  try {
    await createPerson(deps, null, { ...person, role: 'super_admin', siteId: 'network' }, [
      must(db, someSuperAdmin),
      closeSetupDoors(db),
      ...(network === null ? [] : [setSetting(db, 'network_name', network)]),
    ])
    return true
  } catch (error) {
    if (await hasSuperAdmin(db)) return false
    throw error
  }
}

const open = (deps: PeopleDeps, door: string) =>
  deps.db.commit([openSetupDoor(deps.db, door, deps.clock() + SETUP_LIFETIME)])

async function isOpen(deps: PeopleDeps, door: string): Promise<boolean> {
  const until = await setupDoor(deps.db, door)
  return until !== null && until > deps.clock()
}
