import { AsyncLocalStorage } from 'node:async_hooks'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { SECOND } from '../lib/clock.ts'
import type { Handler } from '../plugin/loaded.ts'
import type { Mark, Watch } from '../plugin/watch.ts'
import { AT_WORK, BEAT, OPEN, type Watched } from './watchdog.ts'

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

interface NodeWatch extends Watch {
  /** Where stray errors of plugins are told; those from before are told at once. */
  tell(to: (handler: Handler, error: unknown) => void): void
  /** Looks no more. */
  close(): Promise<void>
}

/**
 * Writes to DATA_DIR/running, a line for each piece of code that runs by itself: what it holds at a start took the last
 * process down. All other code is watched from another thread, as a file for each call would cost too much: what does not
 * give the processor back for `patience` milliseconds is written to DATA_DIR/stuck, which says more than the first file. So
 * is what ends the process by its own word.
 */
export function createWatch(dataDir: string, { patience = 5 * SECOND } = {}): NodeWatch {
  const file = join(dataDir, 'running')
  const stuck = join(dataDir, 'stuck')
  const [ran, stood] = [read(file), read(stuck)]
  const left = stood.length > 0 && !ran.some(({ doing }) => doing === 'load') ? stood : ran
  const running = new Set<Mark>()
  const early: [Handler, unknown][] = []
  let sink = (handler: Handler, error: unknown): void => void early.push([handler, error])
  const write = () => {
    if (running.size === 0) return rmSync(file, { force: true })
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, [...running].map(lineOf).join(''))
  }
  write()
  rmSync(stuck, { force: true })
  const dog = watchdog(stuck, patience)
  const leaving = () => {
    const { handler } = attended.getStore() ?? {}
    if (handler) writeFileSync(stuck, lineOf({ slug: handler.slug, doing: handler.id }))
  }
  process.on('exit', leaving)
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
    attend: (handler, run) =>
      dog.watch(handler, () => attended.run({ handler, stray: (error) => sink(handler, error) }, run)),
    tell(to) {
      sink = to
      for (const [handler, error] of early.splice(0)) to(handler, error)
    },
    close() {
      process.off('exit', leaving)
      return dog.close()
    },
  }
}

/** As many handlers are told apart; no network comes near that. */
const MOST = 4096

/** Tells another thread what runs, by a few words of shared memory. */
function watchdog(file: string, patience: number) {
  const words = new Int32Array(new SharedArrayBuffer(4 * (OPEN + MOST)))
  const worker = new Worker(new URL('./watchdog.ts', import.meta.url), {
    workerData: { words, file, patience } satisfies Watched,
    execArgv: [],
    resourceLimits: { maxYoungGenerationSizeMb: 1, maxOldGenerationSizeMb: 16 },
  })
  worker.unref()
  const beat = setInterval(() => Atomics.add(words, BEAT, 1), patience / 10).unref()
  const numbers = new Map<string, number>()
  const numberOf = ({ slug, id }: Handler): number => {
    const known = numbers.get(id)
    if (known !== undefined) return known
    worker.postMessage(lineOf({ slug, doing: id }))
    numbers.set(id, numbers.size)
    return numbers.size - 1
  }
  return {
    watch<T>(handler: Handler, run: () => T): T {
      const number = numberOf(handler)
      if (number >= MOST) return run()
      const before = Atomics.exchange(words, AT_WORK, number + 1)
      Atomics.add(words, OPEN + number, 1)
      const end = () => void Atomics.sub(words, OPEN + number, 1)
      try {
        const result = run()
        if (result instanceof Promise) result.then(end, end)
        else end()
        return result
      } catch (error) {
        end()
        throw error
      } finally {
        Atomics.store(words, AT_WORK, before)
      }
    },
    async close(): Promise<void> {
      clearInterval(beat)
      await worker.terminate()
      rmSync(file, { force: true })
    },
  }
}

const lineOf = ({ slug, doing }: Mark): string => `${slug} ${doing}\n`

function read(file: string): Mark[] {
  if (!existsSync(file)) return []
  return readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((line) => {
      const [, slug, doing] = /^(\S+) (.+)$/.exec(line) ?? []
      return slug !== undefined && doing !== undefined ? [{ slug, doing }] : []
    })
}
