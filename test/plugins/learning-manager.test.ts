import { describe, expect, test } from 'vitest'
import { testHost } from 'hookline/plugin/test'
import learningManager from '../../plugins/learning-manager/plugin.ts'
import { formats } from '../../server/webhooks/formats.ts'

const host = () => testHost(learningManager, { now: new Date('2024-09-27T05:30:00Z') })
const SOURCE = 'learning-manager'

/** The envelope of its documentation. It could not be recorded. */
const envelope = {
  accountId: 1010,
  events: [
    {
      eventId: 'd5fb7071-10a9-46b2-9f9e-79dde346c052',
      eventName: 'COURSE_ENROLLMENT_BATCH',
      timestamp: 1727414643000,
      eventInfo: '1727414643000-047210-84242-0',
      data: {
        userId: 4279332,
        loId: 'course:7374992',
        loInstanceId: 'course:7376092_10250977',
        loType: 'course',
        enrollmentSource: 'ADMIN_ENROLL',
        dateEnrolled: 1727414643,
      },
    },
  ],
}
const [first] = envelope.events
const withTime = (timestamp: number | string, eventId: string) => ({
  ...envelope,
  events: [{ ...first, timestamp, eventId }],
})

describe('the source learning-manager', () => {
  test('takes the envelope of its documentation', async () => {
    const { receive, emitted, engine } = await host()
    expect(await receive(SOURCE, { body: envelope })).toMatchObject({ status: 200, reason: null })
    expect(emitted).toMatchObject([
      {
        name: 'COURSE_ENROLLMENT_BATCH',
        payload: { ...first?.data, dateEnrolled: '2024-09-27T05:24:03.000Z' },
      },
    ])
    const row = await engine.db.q.selectFrom('event').select('occurred_at').executeTakeFirstOrThrow()
    expect(row.occurred_at).toBe(1727414643000)
  })

  test('knows all three ways to write a time', async () => {
    const { receive, engine } = await host()
    const times = [1727414643000, 1727414643, '2024-09-27T05:24:03.000Z']
    for (const [n, time] of times.entries()) await receive(SOURCE, { body: withTime(time, `id-${n}`) })
    const rows = await engine.db.q.selectFrom('event').select('occurred_at').execute()
    expect(rows.map((row) => row.occurred_at)).toEqual([1727414643000, 1727414643000, 1727414643000])
  })

  test('leaves out a time that no calendar has, and takes the rest', async () => {
    const { receive, emitted } = await host()
    const [one] = envelope.events
    const body = { ...envelope, events: [{ ...one, timestamp: 1e300, data: { ...one?.data, dateEnrolled: 1e300 } }] }
    expect(await receive(SOURCE, { body })).toMatchObject({ status: 200, reason: null })
    expect(emitted).toMatchObject([{ payload: { loId: 'course:7374992', dateEnrolled: null } }])
  })

  test('takes each event of a batch once, by its id', async () => {
    const { receive, emitted } = await host()
    const body = {
      accountId: 1010,
      events: ['a', 'b', 'a'].map((eventId) => ({
        ...first,
        eventId,
        eventName: 'COURSE_COMPLETED',
        data: { ...first?.data },
      })),
    }
    expect((await receive(SOURCE, { body })).status).toBe(200)
    await receive(SOURCE, { body })
    expect(emitted.map(({ payload }) => [payload['dateCompleted'], payload['hasPassed']])).toEqual([
      [null, null],
      [null, null],
    ])
  })

  test('passes over events that are in no catalogue, and writes a learning path in one way', async () => {
    const { receive, emitted } = await host()
    const body = {
      events: [
        { ...first, eventId: '1', eventName: 'ALTERNATE_COMPLETION' },
        {
          ...first,
          eventId: '2',
          eventName: 'LEARNING_PATH_UNENROLLMENT',
          data: { ...first?.data, loType: 'learning_program', userId: '77' },
        },
      ],
    }
    expect((await receive(SOURCE, { body })).events).toHaveLength(1)
    expect(emitted).toMatchObject([{ payload: { loType: 'learningProgram', userId: 77 } }])
  })

  test('takes what this system sends in the format envelope', async () => {
    const { receive, emitted } = await host()
    const data = { loId: 'course:1', loType: 'course' }
    const event = { id: 'evt_1', type: 'LEARNING_OBJECT_DRAFT', occurredAt: 1727414643000, site: 'main', data }
    const body = formats['envelope']?.one(event, { accountId: 1, publicUrl: 'https://a.example' }, {}) ?? {}
    await receive(SOURCE, { body: body as object })
    expect(emitted).toMatchObject([{ name: 'LEARNING_OBJECT_DRAFT', payload: data }])
  })

  test('asks for user name and password where they were entered', async () => {
    const { receive } = await host()
    const basic = (pair: string) => ({ authorization: `Basic ${btoa(pair)}` })
    const secret = 'mary:s3cret'
    expect((await receive(SOURCE, { body: envelope, secret })).status).toBe(401)
    expect((await receive(SOURCE, { body: envelope, secret, headers: basic('mary:other') })).status).toBe(401)
    expect((await receive(SOURCE, { body: envelope, secret, headers: basic(secret) })).status).toBe(200)
  })

  test.each([
    ['no list', { accountId: 1 }, 'no list of events'],
    ['an element without data', { events: [{ eventId: 'a', eventName: 'CI_STATS' }] }, 'has no data'],
    ['an element without an id', { events: [{ eventName: 'CI_STATS', data: {} }] }, 'has no eventId'],
    [
      'a payload that does not fit',
      { events: [{ eventId: 'a', eventName: 'CI_STATS', data: { seatLimit: 'x' } }] },
      'fit',
    ],
  ])('refuses %s with a reason', async (_, body, reason) => {
    const { receive, emitted } = await host()
    const answer = await receive(SOURCE, { body })
    expect(answer.status).toBe(422)
    expect(answer.reason).toContain(reason)
    expect(emitted).toEqual([])
  })
})
