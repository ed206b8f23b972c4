import { Cron } from 'croner'
import { DAY, MINUTE } from '../lib/clock.ts'

/** What is wrong with a cron pattern, as a sentence, or null. */
export function wrongPattern(pattern: string): string | null {
  if (pattern.trim().split(/\s+/).length !== 5) {
    return `"${pattern}" has to have 5 fields: minute, hour, day, month, day of the week.`
  }
  try {
    return onPaper(pattern, 0) === null ? `"${pattern}" never comes.` : null
  } catch (error) {
    return `"${pattern}" is no cron pattern: ${error instanceof Error ? error.message : String(error)}.`
  }
}

/**
 * The first time after `after`, in milliseconds UTC, on the clock of a time zone. Times that name their hour are those of
 * the wall: what the clock skips in spring comes at the first minute behind the gap, what it repeats in autumn comes
 * once. A pattern for every hour, or every few, goes on evenly through both.
 */
export function nextRun(pattern: string, after: number, timeZone: string): number {
  if (pattern.trim().split(/\s+/)[1]?.startsWith('*')) {
    const next = new Cron(pattern, { timezone: timeZone }).nextRun(new Date(after))
    if (next) return next.getTime()
  }
  for (let wall = wallAt(after, timeZone); ;) {
    const next = onPaper(pattern, wall)
    if (next === null) throw new Error(`${pattern} never comes.`)
    const time = timeOf(next, timeZone)
    if (time > after) return time
    wall = next
  }
}

/** Times of the wall are counted as if they were UTC: there every day has 24 hours. */
const onPaper = (pattern: string, after: number): number | null =>
  new Cron(pattern, { timezone: 'UTC' }).nextRun(new Date(after))?.getTime() ?? null

const formats = new Map<string, Intl.DateTimeFormat>()

/** What a clock on the wall shows at that time, to the second. */
function wallAt(time: number, timeZone: string): number {
  let format = formats.get(timeZone)
  if (!format) {
    const digits = '2-digit'
    format = new Intl.DateTimeFormat('en', {
      timeZone,
      hourCycle: 'h23',
      year: 'numeric',
      month: digits,
      day: digits,
      hour: digits,
      minute: digits,
      second: digits,
    })
    formats.set(timeZone, format)
  }
  const parts = Object.fromEntries(format.formatToParts(time).map(({ type, value }) => [type, Number(value)]))
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts
  return Date.UTC(year, month - 1, day, hour, minute, second)
}

/** When the wall shows this: the first of two times, or the first minute behind a gap. */
function timeOf(wall: number, timeZone: string): number {
  const offsetAt = (time: number) => wallAt(time, timeZone) - time
  const [before, behind] = [offsetAt(wall - DAY), offsetAt(wall + DAY)]
  const times = [wall - before, wall - behind].sort((a, b) => a - b)
  const [first = wall, last = wall] = times
  const shown = times.find((time) => wallAt(time, timeZone) === wall)
  if (shown !== undefined) return shown
  let time = first
  while (time < last && offsetAt(time) !== behind) time += MINUTE
  return time
}
