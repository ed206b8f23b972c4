import type { Database } from 'better-sqlite3'

/** Pages of one step: a megabyte, a few milliseconds. */
const STEP = 256
/** So much free space is kept to be written on again: giving it back only to take it anew would wear the disk. */
const KEPT_PAGES = 1024
const KEPT_SHARE = 0.1
/** A file that was made without the books that giving back needs gets them at start, if that takes but a moment. */
const QUICKLY_REBUILT = 256 * 1024 * 1024

const figure = (sqlite: Database, name: string): number => Number(sqlite.pragma(name, { simple: true }))

/** Lets the file give space back in steps. Asked for before anything else: a new file takes it up only while it is empty. */
export function allowCompaction(sqlite: Database): void {
  sqlite.pragma('auto_vacuum = incremental')
  if (figure(sqlite, 'auto_vacuum') === 2) return
  if (figure(sqlite, 'page_count') * figure(sqlite, 'page_size') <= QUICKLY_REBUILT) sqlite.exec('vacuum')
}

/** What makes the file smaller, a step at a time. */
export function createCompaction(sqlite: Database) {
  let logGrew = true
  let quiet = false

  /** Gives a step of what deleted rows left free back to the disk. Answers whether there was so much. */
  function giveBack(): boolean {
    const free = figure(sqlite, 'freelist_count')
    if (free <= Math.max(KEPT_PAGES, figure(sqlite, 'page_count') * KEPT_SHARE)) return false
    if (figure(sqlite, 'auto_vacuum') !== 2) return false
    sqlite.exec(`pragma incremental_vacuum(${STEP})`) // a prepared statement would stop after one page
    return true
  }

  /** Answers whether it is empty. A reader that takes long, such as a backup, is never waited for: nobody could write meanwhile. */
  function emptyLog(): boolean {
    const patience = figure(sqlite, 'busy_timeout')
    sqlite.pragma('busy_timeout = 0')
    try {
      const [result] = sqlite.pragma('wal_checkpoint(truncate)') as { busy: number }[]
      return result?.busy === 0
    } finally {
      sqlite.pragma(`busy_timeout = ${patience}`)
    }
  }

  return {
    noteWrite(): void {
      logGrew = true
      quiet = false
    },

    /** Space is given back; when there is none, and nobody wrote since the last step, the log of writes is emptied. */
    step(): void {
      try {
        if (giveBack()) logGrew = true
        else if (logGrew && quiet) {
          if (emptyLog()) logGrew = false
        }
      } catch {
        // A full disk or a lock: whoever writes next is told, and the next step tries again.
      }
      quiet = true
    },
  }
}
