/**
 * How a command ends. Those above 2 are of sysexits.h, as those of the server: EX_UNAVAILABLE where nobody answers,
 * EX_TEMPFAIL for what may go through when it is tried again, EX_CONFIG for settings that cannot work.
 */
export const exit = {
  ok: 0,
  /** The server said no, or the answer is no: a receiver refused a test, a server is not ready. */
  refused: 1,
  /** The command was not understood. */
  usage: 2,
  unreachable: 69,
  later: 75,
  config: 78,
} as const

/** A command that cannot go on: what to say, line by line, and the exit code. */
export class Stop extends Error {
  readonly code: number
  readonly lines: readonly string[]

  constructor(code: number, ...lines: readonly string[]) {
    super(lines.join('\n'))
    this.name = 'Stop'
    this.code = code
    this.lines = lines
  }
}
