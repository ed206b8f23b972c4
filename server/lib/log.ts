export type Level = 'debug' | 'info' | 'warn' | 'error'
const ORDER: readonly Level[] = ['debug', 'info', 'warn', 'error']

/** One line per thing that happened. `fields` never holds a secret: URLs go through `redactUrl` first. */
export type Log = Record<Level, (message: string, fields?: Readonly<Record<string, unknown>>) => void>

/** A log that writes JSON lines of `level` and above through `write`. */
export const jsonLog = (level: Level, now: () => number, write: (line: string) => void): Log =>
  logBy(level, (at, message, fields) => {
    write(JSON.stringify({ time: new Date(now()).toISOString(), level: at, message, ...fields }))
  })

/** The same for somebody who looks on: time of the day (UTC), level, message, and behind it what it is about. */
export const plainLog = (level: Level, now: () => number, write: (line: string) => void): Log =>
  logBy(level, (at, message, fields) => {
    const about = Object.entries(fields).map(([name, value]) => ` ${name}=${JSON.stringify(value)}`)
    write(`${new Date(now()).toISOString().slice(11, 19)} ${at.padEnd(5)} ${message}${about.join('')}`)
  })

function logBy(
  level: Level,
  tell: (at: Level, message: string, fields: Readonly<Record<string, unknown>>) => void,
): Log {
  const from =
    (at: Level) =>
    (message: string, fields: Readonly<Record<string, unknown>> = {}) => {
      if (ORDER.indexOf(at) >= ORDER.indexOf(level)) tell(at, message, fields)
    }
  return { debug: from('debug'), info: from('info'), warn: from('warn'), error: from('error') }
}
