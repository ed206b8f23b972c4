import { expect, test } from 'vitest'
import {
  ensureSetup,
  finishSetup,
  holdsSetupPass,
  SETUP_LIFETIME,
  swapSetupToken,
} from '../../../server/access/setup.ts'
import { logIn, openWorld, PASSWORD } from '../../support/people.ts'

const first = { name: 'Ingrid', email: 'ingrid@example.com', password: PASSWORD, network: 'Nordlys' }
const tokenOf = (url: string | null) => new URL(url ?? 'none:').searchParams.get('token') ?? ''

test('the first start prints an address with a token that is stored hashed', async () => {
  const world = await openWorld()
  const url = await ensureSetup(world)
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:3000\/setup\?token=[\w-]{43}$/)
  const stored = JSON.stringify(await world.db.q.selectFrom('setting').selectAll().execute())
  expect(stored).not.toContain(tokenOf(url))
})

test('a token is swapped once, within the hour', async () => {
  const world = await openWorld()
  const token = tokenOf(await ensureSetup(world))
  const passes = await Promise.all([swapSetupToken(world, token), swapSetupToken(world, token)])
  const pass = passes.find((found) => found !== null) ?? ''
  expect(passes.filter((found) => found !== null)).toHaveLength(1)
  expect(await swapSetupToken(world, token)).toBeNull()
  expect(await holdsSetupPass(world, pass)).toBe(true)
  expect(await holdsSetupPass(world, token)).toBe(false)
  world.time.now += SETUP_LIFETIME
  expect(await holdsSetupPass(world, pass)).toBe(false)
})

test('a token is of no use after an hour, or when it is wrong', async () => {
  const world = await openWorld()
  const token = tokenOf(await ensureSetup(world))
  expect(await swapSetupToken(world, 'wrong')).toBeNull()
  world.time.now += SETUP_LIFETIME
  expect(await swapSetupToken(world, token)).toBeNull()
})

test('of several who finish at once one becomes super admin, and nothing is left to finish', async () => {
  const world = await openWorld()
  const pass = await swapSetupToken(world, tokenOf(await ensureSetup(world)))
  const results = await Promise.all(
    ['a', 'b', 'c', 'd'].map((who) => finishSetup(world, { ...first, email: `${who}@example.com` })),
  )
  expect(results.filter(Boolean)).toHaveLength(1)
  const people = await world.db.q.selectFrom('user').select(['role']).execute()
  expect(people).toEqual([{ role: 'super_admin' }])
  expect(await world.db.q.selectFrom('account').select('id').execute()).toHaveLength(1)
  expect(await holdsSetupPass(world, pass ?? '')).toBe(false)
  expect(await ensureSetup(world)).toBeNull()
})

test('SETUP_EMAIL and SETUP_PASSWORD make the first super admin at start, once', async () => {
  const world = await openWorld({ SETUP_EMAIL: 'Operator@Example.com', SETUP_PASSWORD: PASSWORD })
  expect(await Promise.all([ensureSetup(world), ensureSetup(world)])).toEqual([null, null])
  expect(await ensureSetup(world)).toBeNull()
  expect((await logIn(world, 'operator@example.com')).login.ok).toBe(true)
})

test('SETUP_TOKEN opens as long as there is no super admin', async () => {
  const SETUP_TOKEN = 'a token that the operator chose by hand'
  const world = await openWorld({ SETUP_TOKEN })
  expect(await swapSetupToken(world, SETUP_TOKEN)).not.toBeNull()
  const pass = await swapSetupToken(world, SETUP_TOKEN)
  expect(await holdsSetupPass(world, pass ?? '')).toBe(true)
})
