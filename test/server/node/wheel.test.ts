import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createWheel } from '../../../server/node/wheel.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

test('runs each when it is late, never early, and at most a tick after', () => {
  const wheel = createWheel(25, () => Date.now())
  const ran: number[] = []
  for (const ms of [-500, 10, 25, 100, 101]) wheel.after(ms, () => ran.push(ms))
  vi.advanceTimersByTime(9)
  expect(ran).toEqual([])
  vi.advanceTimersByTime(41)
  expect(ran).toEqual([-500, 10, 25])
  vi.advanceTimersByTime(76)
  expect(ran).toEqual([-500, 10, 25, 100, 101])
})

test('runs nothing that was called off, and rests when nothing waits', () => {
  const wheel = createWheel(25, () => Date.now())
  const ran: string[] = []
  const callOff = wheel.after(50, () => ran.push('called off'))
  wheel.after(60, () => ran.push('late'))
  callOff()
  vi.advanceTimersByTime(200)
  expect(ran).toEqual(['late'])
  expect(vi.getTimerCount()).toBe(0)
  wheel.after(10, () => ran.push('again'))
  vi.advanceTimersByTime(50)
  expect(ran).toEqual(['late', 'again'])
})

test('catches up when it was held up', () => {
  let now = 0
  const wheel = createWheel(25, () => now)
  const ran: number[] = []
  for (const ms of [30, 300, 3000]) wheel.after(ms, () => ran.push(ms))
  now = 1000
  vi.advanceTimersByTime(25)
  expect(ran).toEqual([30, 300])
})
