import { HOUR } from '../lib/clock.ts'
import type { Translator } from '../web/i18n.ts'

/** Where the last 24 hours begin: the running hour is the last of them. */
export const startOfDay = (now: number): number => (Math.floor(now / HOUR) - 23) * HOUR

interface HourRow {
  readonly hour: number
  readonly delivered: number
  readonly failed: number
}

/** The 24 hours of a day, also those in which nothing happened. */
export function hoursOf(rows: readonly HourRow[], since: number): HourRow[] {
  const byHour = new Map(rows.map((row) => [Number(row.hour), row]))
  return Array.from({ length: 24 }, (_, n) => {
    const hour = since + n * HOUR
    const row = byHour.get(hour)
    return { hour, delivered: Number(row?.delivered ?? 0), failed: Number(row?.failed ?? 0) }
  })
}

export const totalOf = (hours: readonly HourRow[], key: 'delivered' | 'failed'): number =>
  hours.reduce((total, hour) => total + hour[key], 0)

/** What the chart of a day takes: a bar for each hour, and the words below. */
export function dayOf(t: Translator, rows: readonly HourRow[], since: number) {
  const hours = hoursOf(rows, since)
  const bars = hours.map(({ hour, delivered, failed }) => ({ label: t.clock(hour), delivered, failed }))
  const axis = [...[0, 6, 12, 18].map((n) => bars[n]?.label ?? ''), t('now')]
  return { bars, axis, delivered: totalOf(hours, 'delivered'), failed: totalOf(hours, 'failed') }
}
