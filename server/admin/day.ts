import { HOUR } from '../lib/clock.ts'
import type { Translator } from '../web/i18n.ts'

/** Where the last 24 hours begin: the running hour is the last of them. */
export const startOfDay = (now: number): number => (Math.floor(now / HOUR) - 23) * HOUR

/** What the chart of a day takes: a bar for each hour, also for those in which nothing happened, and the words below. */
export function dayOf(
  t: Translator,
  rows: readonly { readonly hour: number; readonly delivered: number; readonly failed: number }[],
  since: number,
) {
  const byHour = new Map(rows.map((row) => [Number(row.hour), row]))
  const bars = Array.from({ length: 24 }, (_, n) => {
    const hour = since + n * HOUR
    const row = byHour.get(hour)
    return { label: t.clock(hour), delivered: Number(row?.delivered ?? 0), failed: Number(row?.failed ?? 0) }
  })
  const sum = (key: 'delivered' | 'failed') => bars.reduce((total, bar) => total + bar[key], 0)
  const axis = [...[0, 6, 12, 18].map((n) => bars[n]?.label ?? ''), t('now')]
  return { bars, axis, delivered: sum('delivered'), failed: sum('failed') }
}
