import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { DbError, type Db, type Result } from '../../db/db.ts'
import { sqlite as dialect } from '../../db/dialect.ts'
import { compile, kyselyOn, type Line } from '../../db/driver.ts'
import type { Log } from '../lib/log.ts'
import { asDbError, openConnection, runGroup, runLine, type Connection, type Outcome } from './sqlite-group.ts'
import { createSender } from './sqlite-texts.ts'
import type { Report } from './sqlite-writer.ts'

const LARGEST_GROUP = 512
const LONGEST_QUEUE = 5000

/**
 * Opens one SQLite file (made if it is missing; its folder has to be there), or a private `:memory:` database.
 * Throws a DbError with a sentence when the file cannot be opened. `lost` is told when nothing can be written any more:
 * what the writer had in hand may or may not be stored, which only a new start finds out.
 */
export async function openSqlite({
  file,
  log,
  lost = () => {},
}: {
  readonly file: string
  readonly log: Log
  readonly lost?: (why: string) => void
}): Promise<Db> {
  if (file === ':memory:') return inMemory()
  const writer = await startWriter(file, log, lost)
  // A reader in WAL mode waits for nobody, save for a moment after a crash: the main thread must not stand still for long.
  const reader = openConnection(file, { readonly: true, timeout: 200 })
  return {
    q: kyselyOn('sqlite', (line) => readOr(writer.write, reader, line)),
    dialect,
    commit: async (list) => (list.length === 0 ? [] : writer.write(list.map(compile))),
    compact: writer.compact,
    async close() {
      reader.sqlite.close()
      await writer.close()
    },
  }
}

type Write = (item: readonly Line[]) => Promise<readonly Result[]>

function inMemory(): Db {
  const connection = openConnection(':memory:')
  const write: Write = async (item) => settle(runGroup(connection, [item])[0])
  return {
    q: kyselyOn('sqlite', (line) => readOr(write, connection, line)),
    dialect,
    commit: async (list) => (list.length === 0 ? [] : write(list.map(compile))),
    close: async () => void connection.sqlite.close(),
  }
}

/** Reads here and now. What would write, such as the inserts of the accounts library, takes the one way to write. */
async function readOr(write: Write, reader: Connection, line: Line): Promise<Result> {
  try {
    const { reader: hasRows, readonly } = reader.prepare(line[0])
    if (hasRows && readonly) return runLine(reader, line)
  } catch (error) {
    throw asDbError(error)
  }
  const [result] = await write([line])
  return result ?? { rows: [], changes: 0 }
}

function settle(outcome: Outcome | undefined): readonly Result[] {
  if (outcome === undefined) throw new DbError('broken', 'The writer gave no answer.')
  if ('results' in outcome) return outcome.results
  throw new DbError(outcome.refused.kind, outcome.refused.message)
}

interface Waiting {
  readonly item: readonly Line[]
  readonly resolve: (results: readonly Result[]) => void
  readonly reject: (error: unknown) => void
}

/**
 * The queue in front of the writer thread. An idle writer gets what came in during this turn of the event loop; a busy
 * one gets, when it is done, all that queued up meanwhile, up to 512 items. Groups so grow with the load by themselves.
 */
async function startWriter(
  file: string,
  log: Log,
  lost: (why: string) => void,
): Promise<{ write: Write; compact: () => void; close: () => Promise<void> }> {
  const worker = new Worker(new URL('./sqlite-writer.ts', import.meta.url), { workerData: file, execArgv: [] })
  const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()))
  const [first] = (await once(worker, 'message')) as [Report]
  if (first.is === 'failed') {
    throw new DbError('broken', `The database file ${file} cannot be used: ${first.message}`)
  }

  const send = createSender()
  let queue: Waiting[] = []
  let running: readonly Waiting[] = []
  let scheduled = false
  let closed: string | null = null
  let drained = () => {}

  const next = () => {
    scheduled = false
    running = queue.splice(0, LARGEST_GROUP)
    if (running.length > 0) worker.postMessage(running.map(({ item }) => item.map(send)))
    else drained()
  }
  const rejectAll = (reason: string) => {
    closed = reason
    const left = [...running, ...queue]
    running = queue = []
    for (const { reject } of left) reject(new DbError('busy', reason))
  }
  worker.on('message', (report: Report) => {
    if (report.is !== 'done') return
    const settled = running
    next()
    for (const [i, { resolve, reject }] of settled.entries()) {
      try {
        resolve(settle(report.outcomes[i]))
      } catch (error) {
        reject(error)
      }
    }
  })
  worker.on('error', (error) => log.error('The thread that writes to the database failed.', { error: String(error) }))
  worker.on('exit', () => {
    if (closed === null) {
      rejectAll('The thread that writes to the database has ended; start the server again.')
      lost('The thread that writes to the database has ended.')
    }
    drained()
  })

  return {
    write: (item) =>
      new Promise((resolve, reject) => {
        if (closed !== null) return reject(new DbError('busy', closed))
        if (queue.length >= LONGEST_QUEUE)
          return reject(new DbError('busy', `${LONGEST_QUEUE} writes are waiting already.`))
        queue.push({ item, resolve, reject })
        if (running.length > 0 || scheduled) return
        scheduled = true
        setImmediate(next)
      }),
    compact() {
      if (closed === null) worker.postMessage('compact')
    },
    async close() {
      if (closed !== null) return ended
      closed = 'The database is closing.'
      if (running.length > 0 || scheduled) await new Promise<void>((resolve) => (drained = resolve))
      worker.postMessage(null)
      await ended
    },
  }
}
