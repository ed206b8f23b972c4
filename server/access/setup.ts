import { must } from '../../db/must.ts'
import { hasSuperAdmin, readSetting, someSuperAdmin, writeSetting } from '../../db/queries/access.ts'
import { HOUR } from '../lib/clock.ts'
import { normalEmail, type NewPerson } from './person.ts'
import { createPerson, type PeopleDeps } from './people.ts'
import { newToken, sha256 } from './token.ts'

// A token opens the door once: GET /setup swaps it for a pass, which the browser keeps in a cookie until the form is sent.
const TOKEN = 'setup:token:'
const PASS = 'setup:pass:'

/** How long a token holds, and the pass that it was swapped for. */
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
  const token = setupToken ?? newToken(deps.random)
  if (setupToken === null) await keep(deps, TOKEN, token)
  return `${deps.publicUrl()}/setup?token=${encodeURIComponent(token)}`
}

/** Takes a token and gives a pass for it; null when the token is wrong, used or too old. */
export async function swapSetupToken(deps: PeopleDeps, token: string): Promise<string | null> {
  const pass = newToken(deps.random)
  const hash = await sha256(token)
  if (deps.config.setupToken !== null && hash === (await sha256(deps.config.setupToken))) {
    await keep(deps, PASS, pass)
    return pass
  }
  if (!(await holds(deps, TOKEN, token))) return null
  const [swapped] = await deps.db.commit([
    deps.db.q
      .updateTable('setting')
      .set({ name: PASS + (await sha256(pass)) })
      .where('name', '=', TOKEN + hash),
  ])
  return swapped?.changes === 1 ? pass : null
}

export const holdsSetupPass = (deps: PeopleDeps, pass: string): Promise<boolean> => holds(deps, PASS, pass)

/**
 * Makes the first super admin and names the network, unless somebody was faster: then false. All tokens and passes end.
 */
export async function finishSetup(
  deps: PeopleDeps,
  first: Pick<NewPerson, 'name' | 'email' | 'password'> & { readonly network: string | null },
): Promise<boolean> {
  const { db } = deps
  const { network, ...person } = first
  try {
    await createPerson(deps, null, { ...person, role: 'super_admin', siteId: 'network' }, [
      must(db, someSuperAdmin),
      db.q.deleteFrom('setting').where('name', 'like', 'setup:%'),
      ...(network === null ? [] : [writeSetting(db, 'network_name', network)]),
    ])
    return true
  } catch (error) {
    if (await hasSuperAdmin(db)) return false
    throw error
  }
}

async function keep(deps: PeopleDeps, kind: string, secret: string): Promise<void> {
  await deps.db.commit([writeSetting(deps.db, kind + (await sha256(secret)), String(deps.clock() + SETUP_LIFETIME))])
}

async function holds(deps: PeopleDeps, kind: string, secret: string): Promise<boolean> {
  const until = await readSetting(deps.db, kind + (await sha256(secret)))
  return until !== null && Number(until) > deps.clock()
}
