import { describe, expect, test } from 'vitest'
import type { Outcome, WebhookState } from '../../../db/schema.ts'
import { DAY, HOUR, MINUTE, SECOND } from '../../../server/lib/clock.ts'
import { inEnglish } from '../../../server/lib/message.ts'
import { afterAttempt, judgeHealth, type HealthFacts } from '../../../server/webhooks/health.ts'

/** What a webhook is after one more attempt. */
const nextHealth = (facts: HealthFacts, outcome: Outcome, at: number) =>
  judgeHealth(afterAttempt(facts, outcome, at), at)

const now = Date.UTC(2026, 6, 19, 12)
const ok = 'ok'
const failed = 'http_error'

const fresh: HealthFacts = {
  state: 'active',
  consecutiveFailures: 0,
  failingSince: null,
  failuresLastHour: 0,
  lastDeliveredAt: null,
}
/** After this many failures in a row, the first one `ago`. */
const after = (failures: number, ago: number, more: Partial<HealthFacts> = {}): HealthFacts => ({
  ...fresh,
  consecutiveFailures: failures,
  failingSince: now - ago,
  ...more,
})

describe('an active webhook', () => {
  test.each<[string, HealthFacts, WebhookState]>([
    ['its first failure', fresh, 'active'],
    ['the second within an hour', after(1, MINUTE, { failuresLastHour: 1 }), 'active'],
    ['the third within an hour', after(2, MINUTE, { failuresLastHour: 2 }), 'failing'],
    [
      'the third within an hour, with a delivery in it',
      after(2, MINUTE, { failuresLastHour: 2, lastDeliveredAt: now - HOUR + 1 }),
      'active',
    ],
    [
      'the third within an hour, the last delivery an hour ago',
      after(2, MINUTE, { failuresLastHour: 2, lastDeliveredAt: now - HOUR }),
      'failing',
    ],
    ['the third in three days', after(2, 2 * DAY), 'active'],
    ['the ninth in a row', after(8, 8 * DAY), 'active'],
    ['the tenth in a row', after(9, 9 * DAY), 'failing'],
    [
      'the tenth in a row, soon after a delivery',
      after(9, MINUTE, { failuresLastHour: 9, lastDeliveredAt: now - 2 * MINUTE }),
      'failing',
    ],
  ])('after %s', (_, facts, state) => {
    const health = nextHealth(facts, failed, now)
    expect(health).toMatchObject({ state, change: state === 'failing' ? 'failing' : null })
    expect(health.reason === null).toBe(state === 'active')
  })

  test('says which rule it was', () => {
    const reason = (facts: HealthFacts) => inEnglish(nextHealth(facts, failed, now).reason ?? { text: '' })
    expect(reason(after(9, DAY))).toBe('The last ten attempts have failed.')
    expect(reason(after(2, MINUTE, { failuresLastHour: 2 }))).toBe('Every attempt of the last hour has failed.')
  })

  test('stays so when it delivers', () => {
    expect(nextHealth(after(9, DAY), ok, now)).toEqual({ state: 'active', reason: null, change: null })
  })
})

describe('a failing webhook', () => {
  test.each<[string, number, number, WebhookState]>([
    ['a minute less than five days', 100, 5 * DAY - MINUTE, 'failing'],
    ['five days', 100, 5 * DAY, 'disabled'],
    ['five days and ten tries', 9, 5 * DAY, 'disabled'],
    ['five days, but nine tries', 8, 5 * DAY, 'failing'],
  ])('after %s without a success', (_, failures, ago, state) => {
    const health = nextHealth(after(failures, ago, { state: 'failing' }), failed, now)
    expect(health).toMatchObject({ state, change: state === 'disabled' ? 'disabled' : null })
  })

  test('recovers with one success, however long it failed', () => {
    expect(nextHealth(after(500, 30 * DAY, { state: 'failing' }), ok, now)).toEqual({
      state: 'active',
      reason: null,
      change: 'recovered',
    })
  })

  test('is told so only once', () => {
    expect(nextHealth(after(11, DAY, { state: 'failing' }), failed, now).change).toBeNull()
  })
})

test.each<[WebhookState]>([['disabled'], ['retired']])(
  'a %s webhook stays so, whatever an attempt still brings',
  (state) => {
    for (const attempt of [ok, failed] as const) {
      expect(nextHealth(after(50, 9 * DAY, { state }), attempt, now)).toEqual({ state, reason: null, change: null })
    }
  },
)

describe('a whole outage', () => {
  /** Attempts at these times, all of them failures, until it is disabled: `time since the first: change`. */
  function outage(every: number, start: HealthFacts = fresh): readonly string[] {
    const told: string[] = []
    const times: number[] = []
    let facts = start
    for (let at = 0; at <= 30 * DAY && facts.state !== 'disabled'; at += every) {
      const failuresLastHour = times.filter((time) => time > at - HOUR).length
      const health = nextHealth({ ...facts, failuresLastHour }, failed, now + at)
      facts = { ...afterAttempt({ ...facts, failuresLastHour }, failed, now + at), state: health.state }
      times.push(at)
      if (health.change) told.push(`${at / HOUR} h: ${health.change}`)
    }
    return told
  }

  test.each<[string, number, HealthFacts, readonly string[]]>([
    ['with an attempt every 15 minutes', 15 * MINUTE, fresh, ['0.5 h: failing', '120 h: disabled']],
    [
      'right after a delivery',
      15 * MINUTE,
      { ...fresh, lastDeliveredAt: now - SECOND },
      ['1 h: failing', '120 h: disabled'],
    ],
    ['with an attempt every hour', HOUR, fresh, ['9 h: failing', '120 h: disabled']],
    ['with an attempt a day: told first, switched off at the next', DAY, fresh, ['216 h: failing', '240 h: disabled']],
  ])('%s', (_, every, start, told) => {
    expect(outage(every, start)).toEqual(told)
  })
})
