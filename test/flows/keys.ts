import { describe, expect, test } from 'vitest'
import { DAY, HOUR, isoTime, MINUTE } from '../../server/lib/clock.ts'
import type { Flow } from './flow.ts'

/** Users and API keys by the API: invited, reset, made, rotated, ended. */
export function keys(flow: Flow): void {
  const { api, box, payment } = flow
  const as = (key: unknown) => ({ authorization: `Bearer ${String(key)}` })
  const opens = async (key: unknown) => (await api('GET', '/me', undefined, as(key))).status === 200
  const make = async (scopes: string[], more: object = {}, by?: unknown) =>
    api('POST', '/api-keys', { name: 'Desk', scopes, ...more }, by === undefined ? {} : as(by))
  /** A key that makes keys comes from a person. */
  const makeByPerson = async (scopes: string[], lifetime = '') => {
    const fields = [
      ['name', 'Keeper'],
      ['site', ''],
      ['lifetime', lifetime],
      ...scopes.map((scope) => ['scopes', scope]),
    ]
    const answer = await flow.submit('/network/api-keys', new URLSearchParams(fields))
    expect(answer.status).toBe(201)
    const html = await answer.text()
    return { id: /value="(key_\w+)"/.exec(html)?.[1], key: /value="(hk_[\w-]+)"/.exec(html)?.[1] }
  }
  const hook = async (key: unknown) => {
    const { url } = box()
    const made = await api('POST', '/hooks', { target_url: url, event: 'payment_received' }, as(key))
    expect(made.status).toBe(201)
    return String(made.body.id)
  }
  const webhook = async (id: string) => (await api('GET', `/webhooks/${id}`)).body

  describe('API keys', () => {
    test('are made for a program, listed without what opens, and can do no more than they may', async () => {
      const made = await make(['events:write', 'webhooks:write'])
      expect(made).toMatchObject({ status: 201, body: { scopes: ['events:write', 'webhooks:write'], state: 'active' } })
      expect(await opens(made.body.key)).toBe(true)
      const { key, ...shown } = made.body
      const read = (await api('GET', `/api-keys/${String(made.body.id)}`)).body
      expect(read).toEqual({ ...shown, last_used_at: read.last_used_at })
      const list = (await api('GET', '/api-keys?limit=100')).body.data as { id: string }[]
      expect(list.filter(({ id }) => id === made.body.id)).toEqual([read])
      expect(JSON.stringify(list)).not.toContain(String(key))
      expect((await api('GET', '/api-keys', undefined, as(key))).status).toBe(403)
      expect(await make(['nonsense'])).toMatchObject({ status: 422, body: { errors: [{ path: 'scopes.0' }] } })
      expect(await make(['webhooks:secrets'])).toMatchObject({ status: 422 })
      expect(await make(['events:read'], { site: 'nowhere' })).toMatchObject({ status: 422 })
    })

    test('that make keys hand on no more than they may do, not that, and take them along when they end', async () => {
      expect((await make(['keys:write'])).status).toBe(403)
      const { id, key } = await makeByPerson(['keys:write', 'events:read'], '30')
      const until = (await api('GET', `/api-keys/${String(id)}`)).body.expires_at
      const child = await make(['events:read'], {}, key)
      expect(child).toMatchObject({ status: 201, body: { made_by: id, expires_at: until } })
      for (const scopes of [['events:write'], ['keys:write']]) expect((await make(scopes, {}, key)).status).toBe(403)
      const later = { expires_at: isoTime(flow.now() + 31 * DAY) }
      expect(await make(['events:read'], later, key)).toMatchObject({
        status: 422,
        body: { errors: [{ path: 'expires_at' }] },
      })
      await api('DELETE', `/api-keys/${String(id)}`)
      expect(await opens(child.body.key)).toBe(false)
    })

    test('that are rotated keep their id; what they were opens until the overlap ends', async () => {
      const made = await makeByPerson(['keys:write', 'webhooks:write'])
      const path = `/api-keys/${String(made.id)}/rotate`
      // Only itself: whoever rotates a key has it, and no key gives keys that make keys.
      expect((await api('POST', path, { overlap_hours: 1 })).status).toBe(403)
      const first = await api('POST', path, { overlap_hours: 1 }, as(made.key))
      expect(first).toMatchObject({ status: 200, body: { id: made.id, overlap_hours: 1 } })
      // With what it was, a program may fetch what it is.
      const second = await api('POST', path, { overlap_hours: 1 }, as(made.key))
      expect(second.status).toBe(200)
      const all = [made.key, first.body.key, second.body.key]
      expect(new Set(all).size).toBe(3)
      for (const key of all) expect(await opens(key)).toBe(true)
      expect((await api('GET', `/api-keys/${String(made.id)}`)).body).toMatchObject({
        rotated_at: expect.any(String),
        old_until: second.body.old_until,
      })
      flow.subject.advance(HOUR + MINUTE)
      const now = [await opens(made.key), await opens(first.body.key), await opens(second.body.key)]
      expect(now).toEqual([false, false, true])
      const third = await api('POST', path, { overlap_hours: 0 }, as(second.body.key))
      expect([await opens(second.body.key), await opens(third.body.key)]).toEqual([false, true])
      expect(await api('POST', path, { overlap_hours: 5 }, as(third.body.key))).toMatchObject({ status: 422 })
      const desk = (await make(['events:read'])).body
      expect((await api('POST', `/api-keys/${String(desk.id)}/rotate`, {})).status).toBe(200)
    })

    test('that are revoked end at once, with their REST hooks, and do not come back', async () => {
      const { id, key } = (await make(['webhooks:write'])).body
      const subscribed = await hook(key)
      expect((await api('GET', `/api-keys/${String(id)}`)).body).toMatchObject({ hooks: 1 })
      const revoked = await api('DELETE', `/api-keys/${String(id)}`)
      expect(revoked).toMatchObject({ status: 200, body: { id, state: 'revoked', hooks: 0, hooks_retired: 1 } })
      expect(await opens(key)).toBe(false)
      expect(await webhook(subscribed)).toMatchObject({
        state: 'retired',
        state_reason: 'The API key that made it has ended.',
      })
      await api('POST', '/events', { type: 'payment_received', data: payment(31) })
      await flow.subject.deliver()
      expect((await api('GET', `/deliveries?webhook=${subscribed}`)).body.data).toEqual([])
      expect((await api('POST', `/api-keys/${String(id)}/rotate`, {})).status).toBe(409)
      expect(await api('DELETE', `/api-keys/${String(id)}`)).toMatchObject({ status: 200, body: { hooks_retired: 0 } })
      // A person who wants it to go on says so.
      expect(await api('PATCH', `/webhooks/${subscribed}`, { active: true })).toMatchObject({
        status: 200,
        body: { state: 'active', state_reason: null },
      })
    })

    test('that are too old end their REST hooks as well', async () => {
      const { key } = (await make(['webhooks:write'], { expires_at: isoTime(flow.now() + HOUR) })).body
      const subscribed = await hook(key)
      await flow.subject.deliver()
      expect(await webhook(subscribed)).toMatchObject({ state: 'active' })
      flow.subject.advance(HOUR + MINUTE)
      await flow.subject.deliver()
      expect(await webhook(subscribed)).toMatchObject({ state: 'retired' })
      expect(await make(['events:read'], { expires_at: isoTime(flow.now() - HOUR) })).toMatchObject({ status: 422 })
    })
  })

  describe('users', () => {
    const email = `bo-${flow.runtime.toLowerCase()}@nordlys.example`
    const invite = (more: object = {}) => api('POST', '/users', { name: 'Bo', email, role: 'viewer', ...more })
    const found = async (address: string) => {
      const { data } = (await api('GET', `/users?q=${encodeURIComponent(address)}`)).body
      const people = data as { id: string; email: string; role: string; site: string | null }[]
      const user = people.find((one) => one.email === address)
      if (!user) throw new Error(`There is nobody at ${address}.`)
      return user
    }
    const linkOpens = async (link: unknown) => {
      const { pathname, search } = new URL(String(link))
      return (await flow.subject.fetch(pathname + search, { redirect: 'manual' })).status === 303
    }

    test('are invited by a link that opens once, and found by their address', async () => {
      const made = await invite()
      expect(made).toMatchObject({ status: 201, body: { email, role: 'viewer', kind: 'invite', has_password: false } })
      const { link, link_until: until, kind, mailed, ...user } = made.body
      expect([kind, typeof until, mailed]).toEqual(['invite', 'string', false])
      expect((await api('GET', `/users?q=${encodeURIComponent(email)}`)).body.data).toEqual([user])
      expect((await api('GET', `/users/${String(user.id)}`)).body).toEqual(user)
      expect((await api('GET', '/users?role=super_admin')).body.data).toMatchObject([{ role: 'super_admin' }])
      expect((await api('GET', '/users?role=king')).status).toBe(400)
      expect([await linkOpens(link), await linkOpens(link)]).toEqual([true, false])
      expect(await invite()).toMatchObject({ status: 409, body: { errors: [{ path: 'email' }] } })
      expect(await invite({ email: 'no', role: 'site_admin' })).toMatchObject({
        status: 422,
        body: { errors: [{ path: 'email' }, { path: 'site' }] },
      })
      expect(await invite({ email: 'per@nordlys.example', site: 'main' })).toMatchObject({
        status: 422,
        body: { errors: [{ path: 'site', message: 'Only a site admin has a site.' }] },
      })
    })

    test('get another link, but no key lets a super admin in', async () => {
      const [bo] = (await api('GET', `/users?q=${encodeURIComponent(email)}`)).body.data as { id: string }[]
      const reset = await api('POST', `/users/${bo?.id ?? ''}/reset`, {})
      expect(reset).toMatchObject({ status: 200, body: { id: bo?.id, email, kind: 'invite' } })
      expect(await linkOpens(reset.body.link)).toBe(true)
      const [anna] = (await api('GET', '/users?role=super_admin')).body.data as { id: string }[]
      expect((await api('POST', `/users/${anna?.id ?? ''}/reset`, {})).status).toBe(403)
      expect((await invite({ email: 'king@nordlys.example', role: 'super_admin' })).status).toBe(403)
      const reader = (await make(['network:read'])).body.key
      expect((await api('POST', `/users/${bo?.id ?? ''}/reset`, {}, as(reader))).status).toBe(403)
    })

    test('get another name, role and site and need the site that goes with it', async () => {
      const { id, ...bo } = await found(email)
      const path = `/users/${id}`
      const changed = await api('PATCH', path, { name: ' Bo Ek ', role: 'site_admin', site: 'main' })
      expect(changed).toEqual({ status: 200, body: { ...bo, id, name: 'Bo Ek', role: 'site_admin', site: 'main' } })
      expect((await api('PATCH', path, {})).body).toEqual(changed.body)
      expect((await api('PATCH', path, { name: 'Bo' })).body).toEqual({ ...changed.body, name: 'Bo' })
      expect((await api('PATCH', path, { role: 'viewer' })).body).toEqual({ ...bo, id })
      const wrong = async (body: object) => {
        const answer = await api('PATCH', path, body)
        expect(answer.status).toBe(422)
        return (answer.body.errors as { path: string }[]).map((error) => error.path)
      }
      expect(await wrong({ name: ' ', role: 'site_admin' })).toEqual(['name', 'site'])
      expect(await wrong({ role: 'site_admin', site: 'nowhere' })).toEqual(['site'])
      expect(await wrong({ site: 'main' })).toEqual(['site'])
      expect(await wrong({ role: 'king', email: 'bo@example.com' })).toEqual(['role', 'email'])
      expect((await found(email)).role).toBe('viewer')
      expect((await api('PATCH', '/users/usr_nobody', { name: 'Bo' })).status).toBe(404)
    })

    test('are gone with their keys and the REST hooks of these when they are deleted', async () => {
      const address = `site-${email}`
      const password = 'correct horse battery'
      const person = { name: 'Sif', email: address, role: 'site_admin', site: 'sit_main', entry: 'password', password }
      expect((await flow.submit('/network/users', person)).status).toBe(303)
      const keyForm = { name: 'Of Sif', scopes: 'webhooks:write', lifetime: '' }
      const page = () => flow.submit('/sites/main/admin/api-keys', keyForm, { email: address, password })
      const key = /value="(hk_[\w-]+)"/.exec(await (await page()).text())?.[1]
      const subscribed = await hook(key)
      const { id } = await found(address)
      expect(await api('DELETE', `/users/${id}`)).toEqual({ status: 204, body: {} })
      expect(await opens(key)).toBe(false)
      expect(await webhook(subscribed)).toMatchObject({ state: 'retired' })
      // Whoever is not logged in is sent to do so.
      expect((await page()).headers.get('location')).toContain('/login')
      for (const method of ['GET', 'DELETE']) expect((await api(method, `/users/${id}`)).status).toBe(404)
    })

    test('are let in by a key that may do what they may, and by no other: not by a new role, a link or a file', async () => {
      const { id } = await found(email)
      const people = { method: 'POST', path: '/users', body: { name: 'Per', email: `per-${email}` } }
      const admins = ['webhooks:read', 'webhooks:write', 'deliveries:read', 'deliveries:write', 'events:read']
      const desk = as((await make(['network:read', 'network:write', 'webhooks:read'])).body.key)
      const ask = async (method: string, path: string, body: object, by: Record<string, string>) => {
        const answer = await api(method, path, body, by)
        return [answer.status, answer.body.title ?? null]
      }
      const lacks = (scopes: string) => [
        403,
        `A key lets nobody do more than it may do itself. For this role it lacks: ${scopes}.`,
      ]
      const integrations = { role: 'integration_admin' }
      const more = 'webhooks:write, deliveries:read, deliveries:write'
      expect(await ask('PATCH', `/users/${id}`, { ...integrations }, desk)).toEqual(lacks(`events:read, ${more}`))
      expect(await ask('POST', '/users', { ...people.body, ...integrations }, desk)).toEqual(
        lacks(`events:read, ${more}`),
      )
      expect(await ask('POST', `/users/${id}/reset`, {}, desk)).toEqual(lacks('events:read, deliveries:read'))
      const file = { hookline: 'set-up', version: 1, people: [{ ...people.body, ...integrations }] }
      expect(await api('POST', '/import', file, desk)).toMatchObject({
        status: 422,
        body: { errors: [{ path: 'people.0.role' }] },
      })
      expect(await ask('PATCH', `/users/${id}`, { name: 'Bo' }, desk)).toEqual([200, null])
      const keeper = as((await make(['network:write', ...admins])).body.key)
      expect(await ask('PATCH', `/users/${id}`, integrations, keeper)).toEqual([200, null])
      expect(await ask('PATCH', `/users/${id}`, { role: 'site_admin', site: 'main' }, keeper)).toEqual(
        lacks('keys:write'),
      )
      expect(await ask('PATCH', `/users/${id}`, { role: 'viewer' }, keeper)).toEqual([200, null])
    })

    test('that are super admins, no key makes, changes or deletes; nor anybody, without the scope', async () => {
      const [anna] = (await api('GET', '/users?role=super_admin')).body.data as { id: string }[]
      const path = `/users/${anna?.id ?? ''}`
      const { id } = await found(email)
      const reader = as((await make(['network:read'])).body.key)
      const refused = [
        await api('PATCH', path, { name: 'Queen' }),
        await api('PATCH', path, { role: 'viewer' }),
        await api('DELETE', path),
        await api('PATCH', `/users/${id}`, { role: 'super_admin' }),
        await api('PATCH', `/users/${id}`, { name: 'Bob' }, reader),
        await api('DELETE', `/users/${id}`, undefined, reader),
      ]
      expect(refused.map(({ status, body }) => [status, body.code])).toEqual(refused.map(() => [403, 'forbidden']))
      expect((await api('GET', '/users?role=super_admin')).body.data).toEqual([anna])
      expect(await found(email)).toMatchObject({ name: 'Bo', role: 'viewer' })
    })
  })
}
