import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { constants, setPriority } from 'node:os'
import { join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import type { Db } from '../../db/db.ts'
import { setting } from '../../db/queries/settings.ts'
import type { Config } from '../config.ts'
import type { Backups, BackupState } from '../deps.ts'
import { DAY, HOUR, SECOND, type Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import { lastBackup, usualFile } from './backup/backup.ts'
import { backupFolder } from './backup/file.ts'

const COMMAND = fileURLToPath(new URL('./cli/main.ts', import.meta.url))
const DAILY = /^daily-\d{8}T\d{6}Z\.db$/

interface Around {
  readonly db: Db
  readonly clock: Clock
  readonly log: Log
  /** How long the button waits, in milliseconds: whoever presses it sees the backup of a small database at once. */
  readonly patience?: number
}

/**
 * The backups that a server makes: each in a process of its own, which yields to this one, so that nothing is held up, and
 * which ends with it. One at a time.
 */
export function createBackups(
  config: Config,
  { db, clock, log, patience = 3 * SECOND }: Around,
): Backups & { daily(): Promise<void>; stop(): Promise<void> } {
  let child: ChildProcess | null = null
  let running: Promise<void> | null = null
  let failed: string | null = null
  let tried = -Infinity
  let stopped = false

  const state = (): BackupState => ({ last: lastBackup(config), isRunning: running !== null, failed })

  const begin = (file: string): Promise<void> =>
    (running ??= make(file)
      .catch((error: unknown) => String(error))
      .then((fault) => {
        failed = fault
        running = null
        if (fault !== null) log.error('The backup could not be made', { file, error: fault })
      }))

  /** Resolves with a sentence when it could not be made. */
  async function make(file: string): Promise<string | null> {
    tried = clock()
    const { dataDir, databaseUrl, logLevel } = config
    const { PATH, SystemRoot } = process.env
    const env = { PATH, SystemRoot, DATA_DIR: dataDir, DATABASE_URL: databaseUrl, LOG_LEVEL: logLevel }
    const own = spawn(process.execPath, [COMMAND, 'db', 'backup', file, '--json'], {
      env,
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    child = own
    if (own.pid !== undefined) yieldTo(own.pid)
    const [[code], said] = await Promise.all([once(own, 'close') as Promise<[number | null]>, text(own.stderr)])
    child = null
    if (code === 0) return null
    if (code !== null) return said.trim()
    rmSync(`${file}.part`, { force: true })
    return 'The process that made it was ended.'
  }

  async function makeDaily(): Promise<void> {
    const kept = Number(await setting(db, 'backups_kept'))
    const now = clock()
    if (stopped || kept === 0 || running !== null || now - tried < HOUR) return
    if (now - (lastBackup(config)?.at ?? -Infinity) < DAY) return
    await begin(resolve(usualFile(config, now, 'daily')))
    if (failed === null) removeOldest(backupFolder(config), kept)
  }

  return {
    state,

    async make() {
      let timer
      const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, patience)))
      await Promise.race([begin(resolve(usualFile(config, clock()))), late])
      clearTimeout(timer)
      return state()
    },

    /**
     * Makes one if there is none of the last day and the settings want it, and lets go of those that are too many. Never
     * throws: it is nobody's request, and no reason for the server to end.
     */
    daily: () =>
      makeDaily().catch((error: unknown) =>
        log.error('The daily backups could not be seen to', { error: String(error) }),
      ),

    async stop() {
      stopped = true
      child?.kill('SIGKILL')
      await running
    },
  }
}

function yieldTo(pid: number): void {
  try {
    setPriority(pid, constants.priority.PRIORITY_BELOW_NORMAL)
  } catch {
    // It has ended already, or nobody may do this here.
  }
}

/** Names of daily backups sort by when they were made. Those that people made are theirs. */
function removeOldest(folder: string, kept: number): void {
  if (!existsSync(folder)) return
  const daily = readdirSync(folder).filter((name) => DAILY.test(name))
  for (const name of daily.sort().slice(0, -kept)) rmSync(join(folder, name))
}
