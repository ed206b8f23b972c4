import { describe, expect, test } from 'vitest'
import { bucketOf, percentile } from '../../../server/webhooks/histogram.ts'

const from = (times: readonly number[]) =>
  [...Map.groupBy(times, bucketOf)].map(([bucket, list]) => ({ bucket, attempts: list.length }))

test.each([
  [0, 0],
  [0.4, 0],
  [1, 0],
  [1.2, 1],
  [2, 2],
  [3, 4],
  [100, 14],
  [128, 14],
  [129, 15],
  [15_000, 28],
  [30_000, 30],
])('%d ms fall into step %d', (ms, bucket) => {
  expect(bucketOf(ms)).toBe(bucket)
})

describe('percentiles', () => {
  test('there are none of nothing', () => {
    expect(percentile([], 0.5)).toBeNull()
    expect(percentile([{ bucket: 3, attempts: 0 }], 0.5)).toBeNull()
  })

  test('a step is shared out evenly, whatever the order of the steps', () => {
    const buckets = [
      { bucket: 14, attempts: 10 },
      { bucket: 10, attempts: 90 },
    ]
    expect(percentile(buckets, 0.5)).toBe(Math.round(22.627 + (32 - 22.627) * (50 / 90)))
    expect(percentile(buckets, 0.95)).toBe(Math.round(90.51 + (128 - 90.51) * 0.5))
    expect(percentile(buckets, 1)).toBe(128)
  })

  test.each<[string, readonly number[]]>([
    ['one attempt', [250]],
    ['all alike', Array<number>(40).fill(90)],
    ['evenly spread', Array.from({ length: 1000 }, (_, i) => i * 10)],
    ['quick, with a slow tail', [...Array<number>(90).fill(12), ...Array<number>(10).fill(4000)]],
    ['all of them time out', Array<number>(7).fill(15_000)],
    ['in no order', Array.from({ length: 500 }, (_, i) => ((i * 7919) % 500) ** 2 / 20)],
  ])('are never off by more than the step: %s', (_, times) => {
    const sorted = times.toSorted((a, b) => a - b)
    for (const share of [0.5, 0.95, 0.99]) {
      const exact = sorted[Math.ceil(share * sorted.length) - 1] ?? 0
      const told = percentile(from(times), share) ?? 0
      expect(told).toBeGreaterThan(exact / Math.SQRT2 - 1)
      expect(told).toBeLessThan(exact * Math.SQRT2 + 1)
    }
  })
})
