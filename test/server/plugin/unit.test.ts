import { describe, expect, test } from 'vitest'
import { testHost } from 'hookline/plugin/test'
import { gate, probe, thingDone } from './probe.ts'

const done = () => new Response(null, { status: 204 })

describe('a handler is a unit of work', () => {
  test('what it writes and emits is committed at once', async () => {
    const host = await testHost(
      probe(({ route }) =>
        route('POST /do', (_request, { storage, emit }) => {
          storage.things.put('a', { by: 'route' })
          emit(thingDone, { thing: 'a' })
          return done()
        }),
      ),
    )
    await host.request('POST /do')
    expect(host.stored.things).toEqual([{ id: 'a', by: 'route' }])
    expect(host.emitted).toMatchObject([{ name: 'thing_done', payload: { thing: 'a' } }])
  })

  test('nothing happened when it throws after half of its work', async () => {
    const host = await testHost(
      probe(({ route }) =>
        route('POST /do', (_request, { storage, emit }) => {
          storage.things.put('a', { by: 'route' })
          emit(thingDone, { thing: 'a' })
          throw new Error('half way')
        }),
      ),
    )
    await expect(host.request('POST /do')).rejects.toThrow(/The plugin Probe could not answer/)
    expect(host.stored.things).toEqual([])
    expect(host.emitted).toEqual([])
    expect(host.faults).toMatchObject([{ handler: 'probe/route:POST /do', message: 'half way' }])
  })

  test('nothing happened when it answers with an error', async () => {
    const host = await testHost(
      probe(({ route }) =>
        route('POST /do', (_request, { storage }) => {
          storage.things.put('a', { by: 'route' })
          return new Response(null, { status: 409 })
        }),
      ),
    )
    expect((await host.request('POST /do')).status).toBe(409)
    expect(host.stored.things).toEqual([])
    expect(host.faults).toEqual([])
  })

  test('nothing happened when one of its events cannot be taken', async () => {
    const host = await testHost(
      probe(({ route }) =>
        route('POST /do', (_request, { storage, emit }) => {
          storage.things.put('a', { by: 'route' })
          emit(thingDone, JSON.parse('{"thing":7}'))
          return done()
        }),
      ),
    )
    await expect(host.request('POST /do')).rejects.toThrow(/could not answer/)
    expect(host.stored.things).toEqual([])
    expect(host.faults).toMatchObject([{ message: 'The payload does not fit the event thing_done.' }])
  })

  test('what it queues after its time is thrown away', async () => {
    const late = gate()
    const zombie = gate()
    let aborted = false
    const host = await testHost(
      probe(({ route }) =>
        route('POST /do', async (_request, { storage, emit, signal }) => {
          await late.promise
          aborted = signal.aborted
          storage.things.put('a', { by: 'zombie' })
          emit(thingDone, { thing: 'a' })
          zombie.resolve()
          return done()
        }),
      ),
      { limits: { route: 20 } },
    )
    await expect(host.request('POST /do')).rejects.toThrow(/could not answer/)
    late.resolve()
    await zombie.promise
    await host.settle()
    expect(aborted).toBe(true)
    expect(host.stored.things).toEqual([])
    expect(host.emitted).toEqual([])
    expect(host.faults).toMatchObject([{ message: 'It took longer than 20 ms.' }])
  })

  test('one that meets somebody faster runs once more and sees it', async () => {
    let runs = 0
    const both = gate()
    const host = await testHost(
      probe(({ route }) =>
        route('POST /do', async (_request, { storage, emit }) => {
          const earlier = await storage.things.get('a')
          if (++runs === 2) both.resolve()
          if (runs <= 2) await both.promise
          if (!earlier) {
            storage.things.add('a', { by: 'route' })
            emit(thingDone, { thing: 'a' })
          }
          return new Response(null, { status: earlier ? 200 : 201 })
        }),
      ),
    )
    const answers = await Promise.all([host.request('POST /do'), host.request('POST /do')])
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 201])
    expect(runs).toBe(3)
    expect(host.stored.things).toHaveLength(1)
    expect(host.emitted).toHaveLength(1)
    expect(host.faults).toEqual([])
  })

  test('reads see what was there before, and lists only by what is indexed', async () => {
    const host = await testHost(
      probe(({ route }) =>
        route('POST /do', async (_request, { storage }) => {
          storage.things.put('c', { by: 'me' })
          storage.things.delete('a')
          const mine = await storage.things.list({ by: 'me' })
          return Response.json(mine.map(({ id }) => id))
        }),
      ),
      {
        stored: {
          things: [
            { id: 'a', by: 'me' },
            { id: 'b', by: 'you' },
          ],
        },
      },
    )
    expect(await (await host.request('POST /do')).json()).toEqual(['a'])
    expect(await (await host.request('POST /do')).json()).toEqual(['c'])
    expect(host.stored.things?.map(({ id }) => id)).toEqual(['b', 'c'])
  })
})
