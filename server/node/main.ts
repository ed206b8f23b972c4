import { DbError } from '../../db/db.ts'
import { ConfigError, readConfig } from '../config.ts'
import { isLoopback } from '../web/security.ts'
import { buildIfStale } from './build.ts'
import { DataDirTaken } from './lock.ts'
import { isStray } from './watch.ts'

// Exit codes of sysexits.h: EX_CONFIG for settings that cannot work, EX_TEMPFAIL for what may pass,
// such as a folder that is in use or a database that does not answer, EX_SOFTWARE for what a new start repairs.
const EX_SOFTWARE = 70
const EX_CONFIG = 78
const EX_TEMPFAIL = 75

/** An error that nobody caught: of a plugin it is a fault; of ours nobody knows what still holds, and a new start does. */
const uncaught = (error: unknown) => {
  if (isStray(error)) return
  console.error(error)
  process.exit(EX_SOFTWARE)
}
process.on('uncaughtException', uncaught)
process.on('unhandledRejection', uncaught)

// Who is told to end while it starts, ends when it has started: ended in the middle of loading a plugin, it would look at the
// next start as if that plugin had ended it.
const told = Promise.withResolvers<void>()
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => told.resolve())

try {
  buildIfStale()
  const config = readConfig(process.env)
  const { start } = await import('./start.ts')
  const running = await start(config)
  void running.lost.then((why) => {
    console.error(`${why} Hookline ends; start it again: what it acknowledged is stored, and is sent then.`)
    process.exit(EX_SOFTWARE)
  })

  void told.promise.then(async () => {
    await running.stop()
    process.exit(0)
  })

  // Said last: whoever reads it may end this process at once.
  console.log(`Hookline listens on ${running.url}`)
  if (config.publicUrl !== null) console.log(`Links lead to ${config.publicUrl}, as PUBLIC_URL says.`)
  else if (!isLoopback(config.host)) {
    const so = `links lead to ${running.url}, and forms that other machines send are refused`
    console.log(`PUBLIC_URL is not set, so ${so}; set it to the address that people open.`)
  }
  if (running.setUp !== null) console.log(`Set up: ${running.setUp}`)
} catch (error) {
  if (error instanceof ConfigError) {
    for (const sentence of error.sentences) console.error(sentence)
    process.exit(EX_CONFIG)
  }
  if (error instanceof DataDirTaken) {
    console.error(error.message)
    process.exit(EX_TEMPFAIL)
  }
  if (error instanceof DbError) {
    console.error(error.message)
    process.exit(error.kind === 'busy' ? EX_TEMPFAIL : EX_CONFIG)
  }
  throw error
}
