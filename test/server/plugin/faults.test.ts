import { describe, expect, test } from 'vitest'
import { webhookPayload } from 'hookline/plugin'
import { testHost, type TestHost } from 'hookline/plugin/test'
import { probe, thingDone } from './probe.ts'

const infoOf = async ({ host }: TestHost) => (await host.plugins({ faults: true })).find(({ slug }) => slug === 'probe')
const resume = async ({ host, engine }: TestHost) => engine.db.commit(await host.resume('probe'))

const moody = () => {
  const mood = { bad: true, runs: 0 }
  const plugin = probe(({ on }) =>
    on(thingDone, () => {
      mood.runs += 1
      if (mood.bad) throw new Error('In a bad mood.')
    }),
  )
  return { mood, plugin }
}

describe('a plugin that fails', () => {
  test('is paused after five faults of one handler in a row, with a reason', async () => {
    const { mood, plugin } = moody()
    const host = await testHost(plugin)
    for (let i = 0; i < 5; i++) {
      await host.emit(thingDone, { thing: 'one' })
      host.clock.advance(61_000)
    }
    expect(await infoOf(host)).toMatchObject({
      state: 'paused',
      reason: { text: 'One of its handlers failed {count} times in a row.', params: { count: 5 } },
    })
    await expect(host.emit(thingDone, { thing: 'one' })).rejects.toMatchObject({ code: 'plugin_inactive' })
    expect(mood.runs).toBe(5)
  })

  test('is not paused by many events of one type at once: those count once a minute', async () => {
    const host = await testHost(moody().plugin)
    for (let i = 0; i < 30; i++) await host.emit(thingDone, { thing: 'one' })
    expect(host.faults).toHaveLength(1)
    expect(await infoOf(host)).toMatchObject({ state: 'active' })
  })

  test('goes on when a success comes in between', async () => {
    const { mood, plugin } = moody()
    const host = await testHost(plugin)
    for (let i = 0; i < 12; i++) {
      mood.bad = i % 5 !== 4
      await host.emit(thingDone, { thing: 'one' })
      host.clock.advance(61_000)
    }
    expect(host.faults).toHaveLength(10)
    expect(await infoOf(host)).toMatchObject({ state: 'active' })
  })

  test('is paused after twenty faults in ten minutes, whichever handlers they are of', async () => {
    const host = await testHost(
      probe(({ route }) =>
        route('POST /do/:what', (_request, { params }) => {
          if (params.what === 'fail') throw new Error('As told.')
          return new Response()
        }),
      ),
    )
    const round = async () => {
      for (let i = 0; i < 4; i++) await host.request('POST /do/fail').catch(() => {})
      await host.request('POST /do/well')
    }
    for (let i = 0; i < 4; i++) await round()
    host.clock.advance(11 * 60_000)
    for (let i = 0; i < 4; i++) await round()
    expect(await infoOf(host)).toMatchObject({ state: 'active' })
    for (let i = 0; i < 4; i++) await host.request('POST /do/fail').catch(() => {})
    expect(await infoOf(host)).toMatchObject({ state: 'paused', reason: { params: { count: 20, minutes: 10 } } })
  })

  test('runs again once somebody resumed it, and starts from nought', async () => {
    const { mood, plugin } = moody()
    const host = await testHost(plugin)
    for (let i = 0; i < 5; i++) await host.emit(thingDone, { thing: 'one' })
    await resume(host)
    expect(await infoOf(host)).toMatchObject({ state: 'active', reason: null })
    for (let i = 0; i < 4; i++) await host.emit(thingDone, { thing: 'one' })
    expect(await infoOf(host)).toMatchObject({ state: 'active' })
    mood.bad = false
    await host.emit(thingDone, { thing: 'one' })
    expect(mood.runs).toBe(10)
  })

  test('shows its last faults', async () => {
    const { plugin } = moody()
    const host = await testHost(plugin)
    await host.emit(thingDone, { thing: 'one' })
    expect((await infoOf(host))?.faults).toMatchObject([
      { handler: 'probe/on:thing_done#0', event: 'thing_done', site: 'sit_main', message: 'In a bad mood.' },
    ])
  })

  test('shows no more than the last twenty', async () => {
    const host = await testHost(
      probe(({ route }) =>
        route('POST /fail', () => {
          throw new Error('Broken.')
        }),
      ),
    )
    for (let i = 0; i < 30; i++) {
      await host.request('POST /fail').catch(() => {})
      if (i % 4 === 3) await host.engine.db.commit(await host.host.resume('probe'))
      host.clock.advance(1000)
    }
    const shown = (await infoOf(host))?.faults.map(({ id }) => id)
    expect(shown).toEqual(
      host.faults
        .map(({ id }) => id)
        .slice(-20)
        .toReversed(),
    )
  })

  test('by a filter counts once a minute for an event type, so that no payload can pause it', async () => {
    const host = await testHost(
      probe(({ filter }) =>
        filter(webhookPayload, () => {
          throw new Error('That payload!')
        }),
      ),
    )
    for (let i = 0; i < 30; i++) await host.emit(thingDone, { thing: 'one' })
    expect(host.faults).toHaveLength(1)
    for (let i = 0; i < 4; i++) {
      host.clock.advance(61_000)
      await host.emit(thingDone, { thing: 'one' })
    }
    expect(await infoOf(host)).toMatchObject({ state: 'paused' })
  })

  test('has neither routes nor pages nor filters while it is paused or switched off', async () => {
    let runs = 0
    const host = await testHost(
      probe(({ on, route, page, filter }) => {
        on(thingDone, () => void (runs += 1))
        filter(webhookPayload, (payload) => ((runs += 1), payload))
        route('POST /do', () => ((runs += 1), new Response()))
        page('/things', { title: 'Things', template: 'things', load: () => ((runs += 1), {}) })
      }),
    )
    expect(await host.host.pages(null)).toEqual([{ plugin: 'probe', path: '/things', title: 'Things', rule: null }])
    await host.engine.db.commit(await host.host.deactivate('probe'))
    expect(await host.host.isAvailable('thing_done', 'sit_main')).toBe(false)
    expect(await host.host.pages(null)).toEqual([])
    await expect(host.request('POST /do')).rejects.toThrow('does not run')
    await expect(host.page('/things')).rejects.toThrow('does not run')
    await expect(host.emit(thingDone, { thing: 'one' })).rejects.toMatchObject({ code: 'plugin_inactive', status: 409 })
    expect(runs).toBe(0)
  })
})
