import type { Command } from 'commander'
import { ask, type Answer, type Asked, type Query } from './api.ts'
import { connectionOf } from './connection.ts'
import { exit, Stop } from './exit.ts'
import { note, out, table, type Column } from './print.ts'

/** A row of a list, or any other thing that the API answers with. */
export type Fields = Readonly<Record<string, unknown>>

/** A command that runs: its options, and the server that they name. */
export interface Session<Options = Fields> {
  readonly options: Options
  /** Whether the API's JSON is wanted as it is. */
  readonly json: boolean
  /** Asks the server. `path` is whole, such as `/api/v1/sites`. */
  ask(method: string, path: string, asked?: Asked): Promise<Answer>
}

export function sessionOf<Options extends object>(command: Command): Session<Options> {
  const options = command.optsWithGlobals<Options & { url?: string; keyFile?: string; json?: boolean }>()
  const connection = connectionOf(options, process.env)
  const { protocol, hostname } = new URL(connection.origin)
  if (protocol === 'http:' && connection.key !== null && !isHere(hostname)) {
    note(`The key goes to ${connection.origin} unencrypted. Use https where the way leads through a network.`)
  }
  return {
    options,
    json: options.json === true,
    ask: (method, path, asked) => ask(connection, method, path, asked),
  }
}

const isHere = (host: string): boolean => /^(localhost|127(\.\d+){3}|\[::1\])$/.test(host)

/** A command that asks the server. `example` is a line that somebody can type. */
export interface Wanted<Options> {
  readonly summary: string
  readonly example: string
  readonly configure?: (command: Command) => unknown
  run(session: Session<Options>, ...args: readonly string[]): Promise<void>
}

export function add<Options extends object = object>(
  noun: Command,
  usage: string,
  { summary, example, configure, run }: Wanted<Options>,
): void {
  const command = withExample(noun.command(usage).description(summary), example)
  configure?.(command)
  command.action(async (...given: unknown[]) => {
    await run(sessionOf<Options>(command), ...(given.slice(0, -2) as string[]))
  })
}

/** What the API said: as it came, or for people by `human`. */
export function answered<Value>(
  { json }: Session<never> | Session<object>,
  answer: Answer,
  human: (value: Value) => void,
): void {
  if (json) out(answer.text)
  else human(answer.value as Value)
}

export const withExample = (command: Command, example: string): Command =>
  command.addHelpText('after', `\nExample:\n  hookline ${example}`)

/** A list of the API, and the columns that people see of it. */
interface WantedList<Row> {
  readonly summary: string
  readonly example: string
  readonly path: string
  /** Parameters of the query, each with what it means. */
  readonly filters?: Readonly<Record<string, string>>
  readonly columns: readonly Column<Row>[]
  /** Whether it is short, so that all of it is wanted: the API gives that to who names no limit. */
  readonly whole?: true
}

interface Paged {
  readonly limit?: string
  readonly all?: true
  readonly cursor?: string
}

export function addList<Row>(
  noun: Command,
  { summary, example, path, filters = {}, columns, whole }: WantedList<Row>,
): void {
  add<Paged & Record<string, string | undefined>>(noun, 'list', {
    summary,
    example,
    configure: (command) => {
      for (const [name, meaning] of Object.entries(filters)) command.option(`--${name} <${name}>`, meaning)
      if (whole) return
      command
        .option('--limit <number>', 'rows at most (default 20)')
        .option('--all', 'every row there is')
        .option('--cursor <cursor>', 'go on behind an earlier page')
    },
    run: async (session) => {
      const query = Object.fromEntries(Object.keys(filters).map((name) => [name, session.options[name]]))
      const { data, next, text } = whole
        ? await allOf<Row>(session, path, query)
        : await pages<Row>(session, path, query)
      if (session.json) return out(text ?? JSON.stringify({ data, next_cursor: next }))
      if (data.length === 0) return note('There is nothing to list.')
      table(data, columns)
      if (next !== null) note('There is more: --all shows every row, --limit another number of them.')
    },
  })
}

interface Page<Row> {
  readonly data: readonly Row[]
  readonly next_cursor: string | null
}
const MOST_AT_ONCE = 100

async function allOf<Row>(session: Session<Paged>, path: string, query: Query) {
  const { value, text } = await session.ask('GET', path, { query })
  return { data: (value as Page<Row>).data, next: null, text }
}

/** As many rows as are wanted, page by page. `text`: what the API said, where it took one page. */
async function pages<Row>(session: Session<Paged>, path: string, query: Query) {
  const { all, limit, cursor } = session.options
  const most = all ? Number.POSITIVE_INFINITY : wholeNumber('--limit', limit ?? '20')
  const data: Row[] = []
  for (let next: string | null = cursor ?? null; ;) {
    const step = Math.min(MOST_AT_ONCE, most - data.length)
    const answer = await session.ask('GET', path, { query: { ...query, limit: step, cursor: next ?? undefined } })
    const page = answer.value as Page<Row>
    const isFirst = data.length === 0
    data.push(...page.data)
    next = page.next_cursor
    if (next === null || data.length >= most) return { data, next, text: isFirst ? answer.text : null }
  }
}

export function wholeNumber(option: string, text: string): number {
  const number = Number(text)
  if (Number.isSafeInteger(number) && number >= 1) return number
  throw new Stop(exit.usage, `${option} is "${text}"; it has to be a whole number from 1.`)
}
