/**
 * The thread that writes. SQLite waits for the disk, and for locks, without letting go of its thread: here nobody minds.
 * It speaks first (`ready`, or `failed` and why), then answers each commit with its outcome, makes the file a little
 * smaller at each `compact`, and ends at `end`.
 *
 * What came in while it wrote shares the next transaction. Groups so grow with the load by themselves. What came alone, and
 * still is when it is committed, is flushed to the disk at once, which spares whoever waits the way to another thread.
 */
import { closeSync, fdatasyncSync, openSync } from 'node:fs'
import { parentPort, receiveMessageOnPort, workerData, type MessagePort } from 'node:worker_threads'
import { asDbError, openConnection, runGroup, type Connection, type Outcome } from './sqlite-group.ts'
import { allowCompaction, createCompaction } from './sqlite-compact.ts'
import { createLine } from './sqlite-line.ts'
import { createTaker, type Sent } from './sqlite-texts.ts'

/** A commit on its way here; see `Item`. */
export type SentItem = readonly [number: number, urgent: boolean, alone: boolean, lines: readonly Sent[]]

/** Commits that were asked for in one turn come together. */
export type Order = readonly SentItem[] | 'compact' | 'end'

export type Report =
  | { readonly is: 'ready' }
  | { readonly is: 'failed'; readonly message: string }
  | {
      readonly is: 'done'
      readonly outcomes: readonly (readonly [number: number, outcome: Outcome])[]
      readonly flushed: boolean
    }

const report = (message: Report) => parentPort?.postMessage(message)

function open(file: string): Connection {
  const connection = openConnection(file, { timeout: 5000 })
  const { sqlite } = connection
  allowCompaction(sqlite)
  const mode = sqlite.pragma('journal_mode = wal', { simple: true })
  if (mode !== 'wal') throw new Error(`its folder does not allow write-ahead logging (journal_mode is ${String(mode)})`)
  // The flush behind every commit is no part of it, so that this side can write on meanwhile.
  sqlite.pragma('synchronous = normal')
  sqlite.pragma('cache_size = -32768')
  sqlite.pragma('temp_store = memory')
  sqlite.pragma('wal_autocheckpoint = 4000')
  sqlite.pragma('journal_size_limit = 67108864')
  // The first look makes the file of the log, which is what is flushed.
  sqlite.pragma('user_version')
  return connection
}

function serve(port: MessagePort, connection: Connection, file: string): void {
  const log = openSync(`${file}-wal`, 'r+')
  const take = createTaker()
  const line = createLine()
  const compaction = createCompaction(connection.sqlite)

  const obey = (order: Order): void => {
    if (order === 'compact') return compaction.step()
    if (order === 'end') return end()
    for (const [number, urgent, alone, lines] of order) line.add({ number, urgent, alone, lines: lines.map(take) })
  }
  const end = () => {
    while (line.size() > 0) writeGroup()
    closeSync(log)
    connection.sqlite.pragma('wal_checkpoint(truncate)')
    connection.sqlite.close()
    port.close()
  }
  const obeyAll = () => {
    for (let next; (next = receiveMessageOnPort(port));) obey(next.message as Order)
  }
  const writeGroup = () => {
    compaction.noteWrite()
    const group = line.next()
    const outcomes = runGroup(
      connection,
      group.map(({ lines }) => lines),
    )
    obeyAll()
    const flushed = line.size() === 0 && group.every(({ urgent, alone }) => alone && !urgent)
    if (flushed) fdatasyncSync(log)
    report({ is: 'done', outcomes: outcomes.map((outcome, n) => [group[n]?.number ?? 0, outcome]), flushed })
  }
  port.on('message', (first: Order) => {
    obey(first)
    obeyAll()
    while (line.size() > 0) writeGroup()
  })
}

try {
  if (parentPort === null) throw new Error('it runs in a thread of its own only')
  const file = String(workerData)
  serve(parentPort, open(file), file)
  report({ is: 'ready' })
} catch (error) {
  report({ is: 'failed', message: asDbError(error).message })
}
