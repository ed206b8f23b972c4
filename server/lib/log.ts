export type Level = 'debug' | 'info' | 'warn' | 'error'
const ORDER: readonly Level[] = ['debug', 'info', 'warn', 'error']

/** One line per thing that happened. `fields` never holds a secret: URLs go through `redactUrl` first. */
export type Log = Record<Level, (message: string, fields?: Readonly<Record<string, unknown>>) => void>

/** A log that writes JSON lines of `level` and above through `write`. */
export function jsonLog(level: Level, now: () => number, write: (line: string) => void): Log {
  const line = (at: Level) => (message: string, fields?: Readonly<Record<string, unknown>>) => {
    if (ORDER.indexOf(at) < ORDER.indexOf(level)) return
    write(JSON.stringify({ time: new Date(now()).toISOString(), level: at, message, ...fields }))
  }
  return { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') }
}
