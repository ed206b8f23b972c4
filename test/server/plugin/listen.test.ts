import { describe, expect, test } from 'vitest'
import { testHost } from 'hookline/plugin/test'
import { beside, gate, probe, thingDone } from './probe.ts'

describe('listeners', () => {
  test('run by priority, then slug, then the order in which they registered', async () => {
    const heard: string[] = []
    const host = await testHost(
      probe(({ on }) => {
        on(thingDone, () => void heard.push('probe, last'), { priority: 20 })
        on(thingDone, () => void heard.push('probe, first of two'))
        on(thingDone, () => void heard.push('probe, second of two'))
      }),
      {
        beside: [
          beside('zebra', ({ on }) => on(thingDone, () => void heard.push('zebra'))),
          beside('alpha', ({ on }) => {
            on(thingDone, () => void heard.push('alpha'))
            on(thingDone, () => void heard.push('alpha, early'), { priority: 1 })
          }),
        ],
      },
    )
    await host.emit(thingDone, { thing: 'one' })
    expect(heard).toEqual([
      'alpha, early',
      'alpha',
      'probe, first of two',
      'probe, second of two',
      'zebra',
      'probe, last',
    ])
  })

  test('begin only when the one before has ended', async () => {
    const heard: string[] = []
    const first = gate()
    const started = gate()
    const host = await testHost(
      probe(({ on }) => {
        on(thingDone, async () => {
          started.resolve()
          await first.promise
          heard.push('first')
        })
        on(thingDone, () => void heard.push('second'))
      }),
    )
    const emitting = host.emit(thingDone, { thing: 'one' })
    await started.promise
    expect(heard).toEqual([])
    first.resolve()
    await emitting
    expect(heard).toEqual(['first', 'second'])
  })

  test('get the event with its id, and a payload that is theirs alone', async () => {
    const seen: unknown[] = []
    const host = await testHost(
      probe(({ on }) => {
        on(thingDone, (payload, { event, site }) => {
          seen.push({ ...payload, id: event.id, type: event.type, at: event.occurredAt.toISOString(), site: site.slug })
          payload.thing = 'spoilt'
        })
        on(thingDone, ({ thing }) => void seen.push(thing))
      }),
    )
    const { id } = await host.emit(thingDone, { thing: 'one' })
    expect(seen).toEqual([
      { thing: 'one', id, type: 'thing_done', at: '2026-01-15T09:30:00.000Z', site: 'main' },
      'one',
    ])
  })

  test('that throw or hang leave a fault each, and the others run', async () => {
    const heard: string[] = []
    const host = await testHost(
      probe(({ on }) => {
        on(thingDone, () => {
          throw new Error('Out of tea. See https://user:secret@tea.example/pot?key=abc')
        })
        on(thingDone, () => new Promise<void>(() => {}), { id: 'hangs' })
        on(thingDone, () => void heard.push('the last'))
      }),
      { limits: { listener: 20 } },
    )
    const { id } = await host.emit(thingDone, { thing: 'one' })
    expect(heard).toEqual(['the last'])
    expect(host.faults).toMatchObject([
      { handler: 'probe/on:thing_done#0', event_type: 'thing_done', event_id: id, site_id: 'sit_main' },
      { handler: 'probe/hangs', message: 'It took longer than 20 ms.' },
    ])
    expect(host.faults[0]?.message).toBe('Out of tea. See https://tea.example/pot?…')
    expect(host.faults[0]?.stack).not.toContain('secret')
  })

  test('that were cut off by a crash run at the next tick, with the same event id', async () => {
    const ids: string[] = []
    const host = await testHost(probe(({ on }) => on(thingDone, (_, { event }) => void ids.push(event.id))))
    // What a crash leaves: the commit is durable, and nobody came to call finish().
    const prepared = await host.host.prepare([
      { type: 'thing_done', site: 'sit_main', data: { thing: 'one' }, source: 'api:test' },
    ])
    await host.engine.db.commit(prepared.statements)
    host.clock.advance(9_000)
    await host.tick()
    expect(ids).toEqual([])
    host.clock.advance(2_000)
    await host.tick()
    expect(ids).toEqual([host.emitted[0]?.id])
    await host.tick()
    expect(ids).toHaveLength(1)
  })

  test.each(['{"thing":', '"one"'])('hear what stands behind an event that cannot be read: %s', async (payload) => {
    const heard: string[] = []
    const host = await testHost(probe(({ on }) => on(thingDone, ({ thing }) => void heard.push(thing))))
    const emission = (thing: string) => ({ type: 'thing_done', site: 'sit_main', data: { thing }, source: 'api:test' })
    const { db } = host.engine
    await db.commit((await host.host.prepare([emission('one'), emission('two')])).statements)
    const { id } = await db.q.selectFrom('event').select('id').orderBy('seq').executeTakeFirstOrThrow()
    await db.commit([db.q.updateTable('event').set({ payload }).where('id', '=', id)])
    host.clock.advance(11_000)
    for (let tick = 0; tick < 2; tick++) {
      await host.host.tick(host.clock.now())
      await host.host.settled()
    }
    expect(heard).toEqual(['two'])
    const message = 'An event cannot be read, so no listener hears of it.'
    expect(host.logs).toEqual([{ level: 'error', message, fields: { event: id } }])
  })

  test('that run twice emit once', async () => {
    const host = await testHost(
      probe(({ on }) =>
        on(thingDone, ({ thing }, { emit, now }) => {
          if (thing === 'one') emit(thingDone, { thing: 'two', at: now().toISOString() })
        }),
      ),
    )
    const { id } = await host.emit(thingDone, { thing: 'one' })
    await host.engine.db.commit([host.engine.db.q.updateTable('event').set({ heard_at: null }).where('id', '=', id)])
    host.clock.advance(60_000)
    await host.tick()
    expect(host.emitted.map(({ payload }) => payload.thing)).toEqual(['one', 'two'])
    expect(host.faults).toEqual([])
  })

  test('that answer their own event are stopped after five in a row', async () => {
    const host = await testHost(
      probe(({ on }) => on(thingDone, ({ thing }, { emit }) => emit(thingDone, { thing: `${thing}+` }))),
    )
    await host.emit(thingDone, { thing: '' })
    expect(host.emitted.map(({ payload }) => payload.thing)).toEqual(['', '+', '++', '+++', '++++', '+++++'])
    expect(host.faults).toMatchObject([{ message: expect.stringContaining('that is a loop') }])
  })

  test('hear an event whose delivery a filter refused', async () => {
    const heard: string[] = []
    const { reject, webhookPayload } = await import('hookline/plugin')
    const host = await testHost(
      probe(({ on, filter }) => {
        filter(webhookPayload, () => reject('Not today.'))
        on(thingDone, ({ thing }) => void heard.push(thing))
      }),
    )
    await host.emit(thingDone, { thing: 'one' })
    expect(heard).toEqual(['one'])
    expect(host.emitted).toMatchObject([{ rejected: 'Not today.' }])
  })
})
