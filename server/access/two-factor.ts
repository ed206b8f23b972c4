import { tryCommit } from '../../db/db.ts'
import { endSessions } from '../../db/queries/access.ts'
import type { Person } from '../../db/queries/people.ts'
import {
  confirmTwoFactorRow,
  deleteTwoFactor,
  insertTwoFactor,
  recoveryCodesLeft,
  setRecoveryCodes,
  takeRecoveryCode,
  takeStep,
  twoFactorRow,
} from '../../db/queries/two-factor.ts'
import type { By } from '../lib/actor.ts'
import type { Engine } from '../webhooks/engine.ts'
import { twoFactorContext } from '../webhooks/sealed.ts'
import { auditEntry } from './audit.ts'
import { sha256 } from './token.ts'
import { stepOfCode, toBase32 } from './totp.ts'

type Deps = Pick<Engine, 'db' | 'clock' | 'random' | 'vault'>
type Of = Pick<Person, 'id' | 'siteId'>

const SECRET_BYTES = 20
const RECOVERY_CODES = 10

/** How a person stands: `pending` has a secret that no code confirmed yet. */
type TwoFactor =
  | { readonly state: 'off' }
  | { readonly state: 'pending'; readonly secret: string }
  | { readonly state: 'on'; readonly codesLeft: number }

export async function twoFactorOf({ db, vault }: Deps, userId: string): Promise<TwoFactor> {
  const row = await twoFactorRow(db, userId)
  if (!row) return { state: 'off' }
  if (row.confirmed_at !== null) return { state: 'on', codesLeft: await recoveryCodesLeft(db, userId) }
  return { state: 'pending', secret: await vault.open(row.cipher, twoFactorContext(userId)) }
}

/** Makes a secret for an app to take; log-ins ask for a code only once it was confirmed. */
export async function beginTwoFactor({ db, vault, random }: Deps, userId: string): Promise<void> {
  const secret = toBase32(random(SECRET_BYTES))
  await db.commit([insertTwoFactor(db, userId, await vault.seal(secret, twoFactorContext(userId)))])
}

/**
 * Switches two-factor on when the code is one of the app, and gives the recovery codes, which are never to be seen again;
 * null when the code is wrong. All sessions of the person end.
 */
export async function confirmTwoFactor(
  deps: Deps,
  by: By,
  person: Of,
  code: string,
): Promise<readonly string[] | null> {
  const { db } = deps
  const now = deps.clock()
  const standing = await twoFactorOf(deps, person.id)
  const step = standing.state === 'pending' ? await stepOfCode(standing.secret, digitsOf(code), now) : null
  if (step === null) return null
  const codes = newCodes(deps)
  const hashes = await Promise.all(codes.map(hashOf))
  const isOn = await tryCommit(db, [
    // First, as its counter makes the second of two wait: that one must not replace the codes which the first has shown.
    ...auditEntry(deps, by, { action: 'user.two_factor_on', target: person.id, owner: person.siteId }),
    ...confirmTwoFactorRow(db, person.id, now, step),
    ...setRecoveryCodes(db, person.id, hashes),
    endSessions(db, person.id),
  ])
  return isOn ? codes : null
}

/** New recovery codes; those before no longer work. */
export async function renewRecoveryCodes(deps: Deps, by: By, person: Of): Promise<readonly string[]> {
  const codes = newCodes(deps)
  await deps.db.commit([
    ...setRecoveryCodes(deps.db, person.id, await Promise.all(codes.map(hashOf))),
    ...auditEntry(deps, by, { action: 'user.recovery_codes_made', target: person.id, owner: person.siteId }),
  ])
  return codes
}

/** Switches two-factor off; all sessions of the person end. */
export const removeTwoFactor = (deps: Deps, by: By, person: Of) =>
  deps.db.commit([
    ...deleteTwoFactor(deps.db, person.id),
    endSessions(deps.db, person.id),
    ...auditEntry(deps, by, { action: 'user.two_factor_off', target: person.id, owner: person.siteId }),
  ])

/** Takes a code of the app, or a recovery code; each works once. */
export async function takeCode(deps: Deps, userId: string, typed: string): Promise<boolean> {
  const { db, vault, clock } = deps
  const row = await twoFactorRow(db, userId)
  if (!row || row.confirmed_at === null) return false
  const digits = digitsOf(typed)
  if (digits.length === 6) {
    const secret = await vault.open(row.cipher, twoFactorContext(userId))
    const step = await stepOfCode(secret, digits, clock())
    return step !== null && (await changed(db, takeStep(db, userId, step)))
  }
  return changed(db, takeRecoveryCode(db, userId, await hashOf(typed), clock()))
}

async function changed(db: Engine['db'], statement: Parameters<Engine['db']['commit']>[0][number]): Promise<boolean> {
  const [result] = await db.commit([statement])
  return result?.changes === 1
}

const digitsOf = (typed: string): string => {
  const bare = typed.replaceAll(/\s/g, '')
  return /^\d{6}$/.test(bare) ? bare : ''
}

/** Sixteen letters of chance each, which is 80 bits, in groups that can be read aloud. */
const newCodes = ({ random }: Deps): string[] =>
  Array.from({ length: RECOVERY_CODES }, () => {
    const text = toBase32(random(10)).toLowerCase()
    return (text.match(/.{4}/g) ?? []).join('-')
  })

const hashOf = (code: string): Promise<string> => sha256(`recovery:${code.toLowerCase().replaceAll(/[^a-z2-7]/g, '')}`)
