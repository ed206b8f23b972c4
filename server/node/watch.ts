import { AsyncLocalStorage } from 'node:async_hooks'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Handler } from '../plugin/loaded.ts'
import type { Mark, Watch } from '../plugin/watch.ts'

interface Attended {
  readonly handler: Handler
  readonly stray: (error: unknown) => void
}

const attended = new AsyncLocalStorage<Attended>()

/** For errors that nobody caught: whether one came out of a plugin. If so, it is told there, and the process may go on. */
export function isStray(error: unknown): boolean {
  const found = attended.getStore()
  found?.stray(error)
  return found !== undefined
}

export interface NodeWatch extends Watch {
  /** Where stray errors of plugins are told; those from before are told at once. */
  tell(to: (handler: Handler, error: unknown) => void): void
}

/** Writes to DATA_DIR/running, a line for each piece of code that runs: what it holds at a start took the last process down. */
export function createWatch(dataDir: string): NodeWatch {
  const file = join(dataDir, 'running')
  const left = existsSync(file) ? read(file) : []
  const running = new Set<Mark>()
  const early: [Handler, unknown][] = []
  let sink = (handler: Handler, error: unknown): void => void early.push([handler, error])
  const write = () => {
    if (running.size === 0) return rmSync(file, { force: true })
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, [...running].map(({ slug, doing }) => `${slug} ${doing}\n`).join(''))
  }
  write()
  return {
    left,
    mark(mark) {
      running.add(mark)
      write()
      return () => {
        running.delete(mark)
        write()
      }
    },
    attend: (handler, run) => attended.run({ handler, stray: (error) => sink(handler, error) }, run),
    tell(to) {
      sink = to
      for (const [handler, error] of early.splice(0)) to(handler, error)
    },
  }
}

const read = (file: string): Mark[] =>
  readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((line) => {
      const [, slug, doing] = /^(\S+) (.+)$/.exec(line) ?? []
      return slug !== undefined && doing !== undefined ? [{ slug, doing }] : []
    })
