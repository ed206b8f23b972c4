import { describe, expect, test } from 'vitest'
import { reject, webhookPayload } from 'hookline/plugin'
import { testHost } from 'hookline/plugin/test'
import { beside, probe, thingDone } from './probe.ts'

const apply = (host: Awaited<ReturnType<typeof testHost>>, thing: string) =>
  host.apply(webhookPayload, { thing }, thingDone)

describe('filters of the webhook payload', () => {
  test('hand the value on in their order, and the result is what is stored', async () => {
    const host = await testHost(
      probe(({ filter }) => {
        filter(webhookPayload, (payload) => ({ ...payload, thing: `${String(payload.thing)} last` }), { priority: 20 })
        filter(webhookPayload, async (payload) => ({ ...payload, thing: `${String(payload.thing)} second` }))
      }),
      {
        beside: [
          beside('alpha', ({ filter }) =>
            filter(webhookPayload, (payload, { site, event }) => ({
              ...payload,
              thing: `${site.slug} ${event.type}`,
            })),
          ),
        ],
      },
    )
    await host.emit(thingDone, { thing: 'one' })
    expect(host.emitted).toMatchObject([{ payload: { thing: 'main thing_done second last' }, rejected: null }])
  })

  test('end with a reason when one rejects; the event is kept with it', async () => {
    let later = 0
    const host = await testHost(
      probe(({ filter }) => {
        filter(webhookPayload, (payload) => (payload.thing === 'secret' ? reject('It is secret.') : payload))
        filter(webhookPayload, (payload) => ((later += 1), payload))
      }),
    )
    expect(await apply(host, 'secret')).toEqual({ value: { thing: 'secret' }, rejected: 'It is secret.', held: null })
    expect(later).toBe(0)
    await host.emit(thingDone, { thing: 'secret' })
    expect(host.emitted).toMatchObject([{ rejected: 'It is secret.' }])
    expect(host.faults).toEqual([])
  })

  test.each([
    ['throws', () => Promise.reject(new Error('No.')), 'No.'],
    ['never ends', () => new Promise(() => {}), 'It took longer than 20 ms.'],
    [
      'gives back nothing',
      () => undefined,
      'The filter gave back nothing. It has to return the value, or reject(reason).',
    ],
    ['gives back a text', () => 'done', 'A payload has to be one JSON object.'],
    ['breaks the schema', () => ({ thing: 7 }), 'The payload does not fit the event thing_done.'],
    [
      'spoils the value and throws',
      (payload: { thing: unknown }) => {
        payload.thing = 'spoilt'
        throw new Error('Spoilt.')
      },
      'Spoilt.',
    ],
  ])('one that %s leaves a fault, and the value passes unchanged', async (_, run, message) => {
    const host = await testHost(
      probe(({ filter }) => {
        // What a plugin in plain JavaScript can do.
        filter(webhookPayload, run as never)
        filter(webhookPayload, (payload) => ({ ...payload, after: true }))
      }),
      { limits: { filter: 20 } },
    )
    expect(await apply(host, 'one')).toEqual({ value: { thing: 'one', after: true }, rejected: null, held: null })
    expect(host.faults).toMatchObject([{ handler: 'probe/filter:webhook_payload#0', message }])
  })

  test('read what their plugin stored, and have no way to write or emit', async () => {
    let names: string[] = []
    const host = await testHost(
      probe(({ filter }) =>
        filter(webhookPayload, async (payload, ctx) => {
          names = [...Object.keys(ctx), ...Object.keys(ctx.storage.things)]
          return { ...payload, by: (await ctx.storage.things.get('a'))?.by ?? null }
        }),
      ),
      { stored: { things: [{ id: 'a', by: 'me' }] } },
    )
    expect((await apply(host, 'one')).value).toEqual({ thing: 'one', by: 'me' })
    expect(names.sort()).toEqual(['event', 'get', 'list', 'log', 'newId', 'now', 'signal', 'site', 'storage'])
  })
})
