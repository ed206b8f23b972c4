import { expect, test, vi } from 'vitest'
import { DAY } from '../../server/lib/clock.ts'
import type { Flow } from './flow.ts'

/** What the ticks of a runtime do for plugins. Last of all: it moves the clock by days. */
export function plugins(flow: Flow): void {
  const { api, subject } = { api: flow.api, subject: () => flow.subject }

  test('a plugin that is set by the API does at its time what it is set to do, once', async () => {
    expect(
      (await api('PATCH', '/plugins/example', { settings: { morning: 'Mary', evening: 'x' } })).body,
    ).toMatchObject({
      code: 'invalid',
      errors: [{ path: 'settings.evening' }],
    })
    const set = await api('PATCH', '/plugins/example', { settings: { morning: 'Mary' } })
    expect([set.status, set.body.settings]).toEqual([200, { morning: 'Mary' }])
    await subject().deliver()
    subject().advance(DAY)
    await subject().deliver()
    const greetings = async () => {
      const { data } = (await api('GET', '/events?type=greeting_sent&site=main')).body as {
        data: { data: { name: string }; occurred_at: string }[]
      }
      return data.filter(({ data: { name } }) => name === 'Mary')
    }
    const today = new Date(subject().now()).toISOString().slice(0, 13)
    const ofToday = async () => (await greetings()).filter(({ occurred_at: at }) => at.startsWith(today))
    await vi.waitFor(async () => expect(await ofToday()).not.toEqual([]), 20_000)
    await subject().deliver()
    expect(await ofToday()).toHaveLength(1)
    expect((await api('PATCH', '/plugins/example', { settings: { morning: null } })).body.settings).toEqual({
      morning: null,
    })
  })

  test('a capability that a plugin adds opens its route to whoever has it', async () => {
    const { submit } = flow
    const greet = async (role: string) => {
      const who = { email: `${role}@example.com`, password: 'a password of a flow' }
      const made = await submit('/network/users', { name: role, role, site: '', ...who })
      expect(made.status).toBe(303)
      return (await submit('/network/plugins/example/greet', { name: role }, who)).status
    }
    expect([await greet('integration_admin'), await greet('viewer')]).toEqual([303, 403])
    await subject().deliver()
    const { data } = (await api('GET', '/events?type=greeting_sent')).body as { data: { data: { name: string } }[] }
    const names = data.map(({ data: { name } }) => name)
    expect(names).toContain('integration_admin')
    expect(names).not.toContain('viewer')
  })

  test('a key switches plugins, for all sites or for one, and what it stored goes when it is deleted', async () => {
    const list = (await api('GET', '/plugins')).body.data as { slug: string; active: boolean }[]
    expect(list.map(({ slug }) => slug)).toEqual(expect.arrayContaining(['example', 'hookline', 'payments']))
    expect((await api('DELETE', '/plugins/example')).status).toBe(409)
    expect((await api('PATCH', '/plugins/example', { active: false })).body).toMatchObject({ active: false })
    expect((await api('PATCH', '/plugins/example', { active: true, site: 'main' })).body).toMatchObject({
      active: true,
      site: 'main',
      state: 'inactive',
    })
    expect((await api('PATCH', '/plugins/example', { active: false, site: 'main' })).body).toMatchObject({
      active: false,
    })
    const pause = (paused: boolean) => api('PATCH', '/plugins/payments', { paused })
    expect((await pause(true)).body).toMatchObject({
      state: 'paused',
      active: false,
      reason: 'SETUP_API_KEY paused it.',
    })
    const event = { type: 'payment_received', data: flow.payment(51) }
    expect((await api('POST', '/events', event)).status).toBe(409)
    expect((await pause(true)).body).toMatchObject({ state: 'paused' })
    expect((await pause(false)).body).toMatchObject({ state: 'active', reason: null })
    expect((await api('POST', '/events', event)).status).toBe(202)
    expect((await api('PATCH', '/plugins/payments', { paused: true, site: 'main' })).status).toBe(422)
    expect((await api('PATCH', '/plugins/hookline', { paused: true })).status).toBe(409)
    expect((await api('PATCH', '/plugins/hookline', { active: false })).status).toBe(409)
    // What is on for all sites is not taken from one of them.
    expect((await api('PATCH', '/plugins/payments', { active: false, site: 'main' })).status).toBe(409)
    expect((await api('PATCH', '/plugins/nobody', { active: true })).status).toBe(404)
    expect((await api('PATCH', '/plugins/example', { site: 'nowhere' })).status).toBe(422)
    expect((await api('DELETE', '/plugins/example')).status).toBe(204)
    await vi.waitFor(async () => {
      await subject().deliver()
      // By itself it would be on: that it was uninstalled stays true, until somebody says otherwise.
      expect((await api('GET', '/plugins/example')).body).toMatchObject({ state: 'inactive' })
    }, 20_000)
    expect((await api('PATCH', '/plugins/example', { active: true })).body).toMatchObject({ state: 'active' })
  })
}
