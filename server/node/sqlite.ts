import { on } from 'node:events'
import { closeSync, fdatasync, openSync } from 'node:fs'
import { promisify } from 'node:util'
import { Worker } from 'node:worker_threads'
import { DbError, type Db, type Lasting, type Result, type Statement } from '../../db/db.ts'
import { ownSqlite as dialect } from '../../db/dialect.ts'
import { compile, readsOn, type Line } from '../../db/driver.ts'
import type { Log } from '../lib/log.ts'
import { createFlusher } from './sqlite-flush.ts'
import { asDbError, openConnection, runGroup, runLine, type Connection, type Outcome } from './sqlite-group.ts'
import { createSender } from './sqlite-texts.ts'
import type { Order, Report, SentItem } from './sqlite-writer.ts'

const LONGEST_QUEUE = 5000

interface SqliteOptions {
  readonly file: string
  readonly log: Log
  readonly lost?: (why: string) => void
  /** Waits until all that was written to the write-ahead log lies on the disk. Given, nobody else does that. */
  readonly flush?: () => Promise<void>
}

/**
 * Opens one SQLite file (made if it is missing; its folder has to be there), or a private `:memory:` database.
 * Throws a DbError with a sentence when the file cannot be opened. `lost` is told when nothing can be written any more:
 * what the writer had in hand may or may not be stored, which only a new start finds out.
 */
export async function openSqlite(options: SqliteOptions): Promise<Db> {
  const { file } = options
  if (file === ':memory:') return inMemory()
  const writer = await startWriter(options)
  // A reader in WAL mode waits for nobody, save for a moment after a crash: the main thread must not stand still for long.
  const reader = openConnection(file, { readonly: true, timeout: 200 })
  return {
    ...readsOn('sqlite', (line) => readOr(writer.write, reader, line)),
    dialect,
    commit: async (list, lasting = 'flushed') =>
      list.length === 0 ? [] : writer.write(list.map(compile), { lasting, isHot: list.every(isHot) }),
    changes: writer.changes,
    compact: writer.compact,
    async close() {
      reader.sqlite.close()
      await writer.close()
    },
  }
}

const datasync = promisify(fdatasync)

type Write = (item: readonly Line[], how?: How) => Promise<readonly Result[]>

interface How {
  readonly lasting: Lasting
  /** Whether all of it are hot statements. */
  readonly isHot: boolean
}
const PLAIN: How = { lasting: 'flushed', isHot: false }

const isHot = (statement: Statement): boolean => 'rows' in statement || 'isHot' in statement

function inMemory(): Db {
  const connection = openConnection(':memory:')
  let changes = 0
  const write: Write = async (item, { isHot } = PLAIN) => {
    if (!isHot) changes++
    return settle(runGroup(connection, [item])[0])
  }
  return {
    ...readsOn('sqlite', (line) => readOr(write, connection, line)),
    dialect,
    commit: async (list, lasting = 'flushed') =>
      list.length === 0 ? [] : write(list.map(compile), { lasting, isHot: list.every(isHot) }),
    changes: () => changes,
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

interface Waiting extends How {
  readonly resolve: (results: readonly Result[]) => void
  readonly reject: (error: unknown) => void
}

/** Under `node --watch` a thread tells what it imports first, as messages of its own. */
async function firstReport(worker: Worker): Promise<Report> {
  for await (const [message] of on(worker, 'message') as AsyncIterable<[Report | { is?: never }]>) {
    if (message.is) return message
  }
  throw new DbError('broken', 'The thread that writes to the database said nothing.')
}

/**
 * The way to the writer thread, which has its own line of what waits (`sqlite-line`).
 *
 * What the writer has committed and not flushed itself is flushed to the disk from here, while it writes on: one flush is
 * for all that was committed before it began, and nothing is acknowledged before its flush, save what asked not to wait
 * for it.
 */
async function startWriter({
  file,
  log,
  lost = () => {},
  flush,
}: SqliteOptions): Promise<{ write: Write; changes: () => number; compact: () => void; close: () => Promise<void> }> {
  const worker = new Worker(new URL('./sqlite-writer.ts', import.meta.url), {
    workerData: file,
    execArgv: [],
    resourceLimits: { maxYoungGenerationSizeMb: 8 },
  })
  const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()))
  const first = await firstReport(worker)
  if (first.is === 'failed') {
    throw new DbError('broken', `The database file ${file} cannot be used: ${first.message}`)
  }

  const writeAhead = openSync(`${file}-wal`, 'r+')
  const send = createSender()
  const flushed = createFlusher(flush ?? (() => datasync(writeAhead)))
  const sent = new Map<number, Waiting>()
  let changes = 0
  let number = 0
  let outgoing: SentItem[] = []
  const post = () => {
    worker.postMessage(outgoing satisfies Order)
    outgoing = []
  }
  let closed: string | null = null
  let closing = false
  let drained = () => {}

  const refuseAll = (why: string) => {
    const left = [...sent.values()]
    sent.clear()
    for (const { reject } of left) reject(new DbError('busy', why))
  }
  const giveUp = (why: string) => {
    if (closed !== null) return
    closed = `${why} Start the server again.`
    refuseAll(closed)
    lost(why)
  }
  const notFlushed = (error: unknown): never => {
    giveUp(`The disk did not take what was written (${String(error)}).`)
    throw new DbError('busy', 'What was written may not have reached the disk.')
  }
  worker.on('message', (report: Report) => {
    if (report.is !== 'done') return
    const onDisk = report.flushed ? Promise.resolve() : flushed().catch(notFlushed)
    for (const [number, outcome] of report.outcomes) {
      const waiting = sent.get(number)
      if (!waiting) continue
      sent.delete(number)
      const { lasting, isHot, resolve, reject } = waiting
      if (!isHot) changes++
      try {
        const results = settle(outcome)
        if (lasting === 'written') resolve(results)
        else onDisk.then(() => resolve(results), reject)
      } catch (error) {
        reject(error)
      }
    }
    if (sent.size === 0) drained()
    onDisk.catch(() => {})
  })
  worker.on('error', (error) => log.error('The thread that writes to the database failed.', { error: String(error) }))
  worker.on('exit', () => {
    const why = 'The thread that writes to the database has ended.'
    giveUp(why)
    refuseAll(why)
    drained()
  })

  return {
    changes: () => changes,
    write: (item, how = PLAIN) =>
      new Promise((resolve, reject) => {
        if (closed !== null) return reject(new DbError('busy', closed))
        if (sent.size >= LONGEST_QUEUE)
          return reject(new DbError('busy', `${LONGEST_QUEUE} writes are waiting already.`))
        const alone = flush === undefined && sent.size === 0
        sent.set(++number, { ...how, resolve, reject })
        outgoing.push([number, how.lasting === 'written', alone, item.map(send)])
        if (outgoing.length === 1) process.nextTick(post)
      }),
    compact() {
      if (closed === null) worker.postMessage('compact' satisfies Order)
    },
    async close() {
      if (closing) return ended
      closing = true
      closed ??= 'The database is closing.'
      if (sent.size > 0) await new Promise<void>((resolve) => (drained = resolve))
      await flushed().catch(() => {})
      closeSync(writeAhead)
      worker.postMessage('end' satisfies Order)
      await ended
    },
  }
}
