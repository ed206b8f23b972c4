/**
 * The thread that writes. SQLite waits for the disk, and for locks, without letting go of its thread: here nobody minds.
 * It speaks first (`ready`, or `failed` and why), then answers each group with its outcomes, makes the file a little
 * smaller at each `compact`, and ends at `null`.
 */
import { parentPort, workerData } from 'node:worker_threads'
import { asDbError, openConnection, runGroup, type Connection, type Outcome } from './sqlite-group.ts'
import { allowCompaction, createCompaction } from './sqlite-compact.ts'
import { createTaker, type Sent } from './sqlite-texts.ts'

/** A group of `sqlite-group`, as it crosses to this thread. */
type SentGroup = readonly (readonly Sent[])[]

export type Report =
  | { readonly is: 'ready' }
  | { readonly is: 'failed'; readonly message: string }
  | { readonly is: 'done'; readonly outcomes: readonly Outcome[] }

const report = (message: Report) => parentPort?.postMessage(message)

function open(file: string): Connection {
  const connection = openConnection(file, { timeout: 5000 })
  const { sqlite } = connection
  allowCompaction(sqlite)
  const mode = sqlite.pragma('journal_mode = wal', { simple: true })
  if (mode !== 'wal') throw new Error(`its folder does not allow write-ahead logging (journal_mode is ${String(mode)})`)
  // The flush behind every commit is done by the other side, so that this one can write on meanwhile.
  sqlite.pragma('synchronous = normal')
  sqlite.pragma('cache_size = -32768')
  sqlite.pragma('temp_store = memory')
  sqlite.pragma('wal_autocheckpoint = 4000')
  sqlite.pragma('journal_size_limit = 67108864')
  // The first look makes the file of the log, which the other side flushes.
  sqlite.pragma('user_version')
  return connection
}

try {
  const connection = open(String(workerData))
  const take = createTaker()
  const compaction = createCompaction(connection.sqlite)
  parentPort?.on('message', (group: SentGroup | 'compact' | null) => {
    if (group === 'compact') return compaction.step()
    if (group) {
      compaction.noteWrite()
      const items = group.map((item) => item.map(take))
      return report({ is: 'done', outcomes: runGroup(connection, items) })
    }
    connection.sqlite.pragma('wal_checkpoint(truncate)')
    connection.sqlite.close()
    parentPort?.close()
  })
  report({ is: 'ready' })
} catch (error) {
  report({ is: 'failed', message: asDbError(error).message })
}
