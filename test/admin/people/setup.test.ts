import { beforeEach, expect, test } from 'vitest'
import { setting } from '../../../db/queries/settings.ts'
import { ensureSetup } from '../../../server/access/setup.ts'
import { openWorld, PASSWORD, type World } from '../../support/people.ts'
import { valueOf, visit } from '../../support/visitor.ts'

const form = {
  network: 'Nordlys',
  name: 'Ingrid Nord',
  email: 'Ingrid@Nordlys.example',
  password: PASSWORD,
  language: 'nb',
}

let world: World
let link: string
beforeEach(async () => {
  world = await openWorld()
  const url = new URL((await ensureSetup(world)) ?? 'none:')
  link = url.pathname + url.search
})

test('the link is swapped for a cookie, so that the token leaves the address', async () => {
  const ingrid = visit(world)
  const answer = await ingrid.get(link)
  expect(answer.status).toBe(303)
  expect(answer.headers.get('location')).toBe('/setup')
  expect(answer.headers.get('referrer-policy')).toBe('no-referrer')
  const page = await ingrid.get('/setup')
  expect(page.status).toBe(200)
  expect(page.html).toContain('Network name')
})

test('the form makes the super admin, names the network, logs in, and closes set-up for everybody', async () => {
  const [ingrid, late] = [visit(world), visit(world)]
  await ingrid.get(link)
  const done = await ingrid.post('/setup', form)
  expect(done.status).toBe(303)
  expect(done.headers.get('location')).toBe('/network')
  expect((await ingrid.get('/account')).html).toContain('ingrid@nordlys.example')
  expect(await setting(world.db, 'network_name', '')).toBe('Nordlys')
  for (const path of ['/setup', link]) expect((await late.get(path)).status).toBe(404)
  expect((await ingrid.post('/setup', form)).status).toBe(404)
})

test('faults are told beside their fields, and what was typed is kept, except the password', async () => {
  const ingrid = visit(world)
  await ingrid.get(link)
  const answer = await ingrid.post('/setup', { ...form, email: 'ingrid', network: ' ', password: 'eleven char' })
  expect(answer.status).toBe(422)
  expect(answer.html).toContain('This is not an e-mail address.')
  expect(answer.html).toContain('Give a name.')
  expect(answer.html).toContain('A password has 12 characters or more.')
  expect(valueOf(answer.html, 'name')).toBe('Ingrid Nord')
  expect(answer.html).not.toContain('eleven char')
})

test.each([
  ['/setup', 'Open the link that the server printed'],
  ['/setup?token=wrong', 'This set-up link does not work'],
  ['/setup?token=', 'This set-up link does not work'],
])('%s without the right token says what to do', async (path, words) => {
  const answer = await visit(world).get(path)
  expect(answer.status).toBe(403)
  expect(answer.html).toContain(words)
  expect(answer.html).toContain('Start the server again')
  expect((await visit(world).post('/setup', form)).status).toBe(403)
})

test('the link of somebody else does not open a second time', async () => {
  await visit(world).get(link)
  expect((await visit(world).get(link)).status).toBe(403)
})
