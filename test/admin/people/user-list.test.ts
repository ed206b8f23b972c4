import { expect, test } from 'vitest'
import { insertPerson } from '../../../db/queries/people.ts'
import type { Role } from '../../../db/schema.ts'
import { testApp, type TestApp } from '../../support/app.ts'
import { wordsOf } from '../../support/form.ts'

const LIST = '/network/users'
const namesIn = (html: string): string[] =>
  Array.from(html.matchAll(/class="primary"><a href="[^"]*">([^<]*)</g), ([, name = '']) => name)

/** People who never log in, made without the work of a password each. */
async function fill({ deps }: TestApp, count: number, role: Role = 'viewer'): Promise<string[]> {
  const ids = Array.from({ length: count }, (_, n) => `usr_${role.padEnd(20, '0').replaceAll('_', '0')}${10_000 + n}0`)
  const rows = ids.map((id, n) => ({
    id,
    name: `${role} ${10_000 + n}`,
    email: `${role}-${n}@example.com`,
    role,
    siteId: 'network',
    locale: null,
    at: new Date(Date.UTC(2026, 0, 1, 0, 0, n)).toISOString(),
  }))
  await deps.db.commit(rows.map((row) => insertPerson(deps.db, row)))
  return ids
}
const roleOf = async ({ deps }: TestApp, id: string) =>
  (await deps.db.q.selectFrom('user').select('role').where('id', '=', id).executeTakeFirst())?.role

test('views by role, search, order and page stand in the URL; junk there is as good as nothing', async () => {
  const app = await testApp()
  const admin = await app.login()
  await fill(app, 45)
  await fill(app, 2, 'integration_admin')
  const names = async (search: string) => namesIn((await admin.get(LIST + search)).html)
  const { html } = await admin.get(`${LIST}?role=viewer`)
  // Of no site admins there is no view.
  expect(wordsOf(html)).toContain('All (48) Super Admin (1) Integration Admin (2) Viewer (45) Search users')
  expect(html).toMatch(/aria-sort="ascending"><a href="[^"]*sort=-name/)
  expect(wordsOf(html)).toContain('45 items')
  expect(wordsOf(html)).toContain('1 of 3')
  expect(html).toContain('href="/network/users?role=viewer&amp;page=2"')
  expect(await names('?role=viewer&page=3')).toHaveLength(5)
  expect(await names('?role=viewer&page=99')).toHaveLength(5)
  expect((await names('?role=viewer&sort=-name'))[0]).toBe('viewer 10044')
  expect((await names('?role=integration_admin&sort=-created'))[0]).toBe('integration_admin 10001')
  expect(await names('?q=VIEWER-7@')).toEqual(['viewer 10007'])
  expect(await names('?role=nonsense&sort=%00&page=-3')).toHaveLength(20)
})

test('many are logged out or given another role at once, and whoever acts is left out', async () => {
  const app = await testApp()
  const admin = await app.login()
  const self = (await app.deps.db.q.selectFrom('user').select('id').executeTakeFirstOrThrow()).id
  const [first = '', second = ''] = await fill(app, 2)
  const bulk = (action: string, ids: readonly string[], more: Record<string, string> = {}) =>
    admin.post(
      `${LIST}/bulk`,
      new URLSearchParams([
        ['action', action],
        ['back', `${LIST}?role=viewer`],
        ...ids.map((id): [string, string] => ['id', id]),
        ...Object.entries(more),
      ]),
    )
  const changed = await bulk('integration_admin', [first, second, self])
  expect(changed.location).toBe(`${LIST}?role=viewer`)
  expect(wordsOf((await admin.get(changed.location)).html)).toContain(
    'Users with a new role: 2. 1 were left out: yourself, and the last super admin.',
  )
  expect([await roleOf(app, first), await roleOf(app, self)]).toEqual(['integration_admin', 'super_admin'])
  expect((await bulk('log-out', [first])).status).toBe(303)
  for (const nothing of ['', 'site_admin', 'nonsense'])
    expect(wordsOf((await admin.get((await bulk(nothing, [first])).location)).html)).toContain('Nothing was done.')
  expect((await bulk('log-out', ['usr_nobody'])).location).toBe(`${LIST}?role=viewer`)
  const audit = await app.deps.db.q.selectFrom('audit').select('action').orderBy('seq').execute()
  const done = audit.map(({ action }) => action)
  expect(done.filter((action) => action === 'user.role_changed')).toHaveLength(2)
  expect(done.filter((action) => action === 'session.all_ended')).toHaveLength(1)
})

test('many are deleted after a page asked, and the way back never leads elsewhere', async () => {
  const app = await testApp()
  const admin = await app.login()
  const [first = '', second = ''] = await fill(app, 2)
  const wanted = { action: 'delete', ids: `${first},${second}`, back: '//evil.example/' }
  const asked = await admin.post(`${LIST}/bulk`, wanted)
  expect(wordsOf(asked.html)).toContain('Delete 2 users? viewer 10000, viewer-0@example.com')
  expect(await roleOf(app, first)).toBe('viewer')
  const done = await admin.post(`${LIST}/bulk`, { ...wanted, sure: '1' })
  expect(done.location).toBe(LIST)
  expect([await roleOf(app, first), await roleOf(app, second)]).toEqual([undefined, undefined])
})

test('a key list has views by state, a search and pages too, in Network Admin and in a site', async () => {
  const app = await testApp()
  await app.site('kafe')
  const admin = await app.login()
  for (const site of [undefined, 'kafe', 'kafe']) await app.client(site)
  const [one] = await app.deps.db.q.selectFrom('api_key').select('id').where('owner', '=', 'network').execute()
  await admin.post(`/network/api-keys/${one?.id ?? ''}/revoke`)
  const all = wordsOf((await admin.get('/network/api-keys')).html)
  expect(all).toContain('All (3) Active (2) Revoked (1)')
  expect(wordsOf((await admin.get('/network/api-keys?state=revoked')).html)).toContain('Key of the network')
  expect(wordsOf((await admin.get('/network/api-keys?q=nobody')).html)).toContain('No API keys match')
  const site = wordsOf((await admin.get('/sites/kafe/admin/api-keys?sort=-used&q=KAFE')).html)
  expect(site).toContain('All (2) Active (2)')
  expect(site).not.toContain('Key of the network')
})

test('many keys are revoked at once, after a page that names them', async () => {
  const app = await testApp()
  const admin = await app.login()
  for (let n = 0; n < 3; n++) await app.client()
  const all = await app.deps.db.q.selectFrom('api_key').select('id').execute()
  const [one = '', two = '', three = ''] = all.map(({ id }) => id)
  const wanted = (ids: readonly string[]) =>
    new URLSearchParams([['action', 'revoke'], ['back', '/network/api-keys?q=key'], ...ids.map((id) => ['id', id])])
  const asked = await admin.post('/network/api-keys/bulk', wanted([one, two]))
  expect(wordsOf(asked.html)).toContain('Revoke 2 API keys?')
  expect(asked.html.match(/<li>Key of the network, hk_/g)).toHaveLength(2)
  const sure = wanted([])
  sure.set('sure', '1')
  sure.set('ids', `${one},${two},key_nobody`)
  const done = await admin.post('/network/api-keys/bulk', sure)
  expect(done.location).toBe('/network/api-keys?q=key')
  expect(wordsOf((await admin.get(done.location)).html)).toContain('API keys revoked: 2.')
  const revoked = await app.deps.db.q.selectFrom('api_key').select('id').where('revoked_at', 'is not', null).execute()
  expect(revoked.map(({ id }) => id).sort()).toEqual([one, two].sort())
  // What is revoked already is as good as not ticked.
  expect(wordsOf((await admin.send('/network/api-keys/bulk', wanted([one]))).html)).toContain('Nothing was done.')
  expect((await (await app.login('viewer')).post('/network/api-keys/bulk', wanted([three]))).status).toBe(403)
})
