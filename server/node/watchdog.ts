/**
 * The thread that looks whether the main one goes on. Where that has stood still for `patience` milliseconds while code of
 * plugins ran, it writes to `file` which: somebody is about to end the process, and the next one has to know. It takes that
 * back when the main thread goes on after all.
 *
 * It shares `words` with the main thread, and is sent the line of each handler once, in the order of their numbers.
 */
import { rmSync, writeFileSync } from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'

export interface Watched {
  readonly words: Int32Array
  readonly file: string
  readonly patience: number
}

/** The words: what the main thread counts up, the number of the handler that has it, and from OPEN on the runs of each. */
export const BEAT = 0
export const AT_WORK = 1
export const OPEN = 2

const LOOKS = 5

const given = workerData as Partial<Watched> | null
if (parentPort && given?.words && given.file !== undefined && given.patience !== undefined) {
  const { words, file, patience } = given
  const lines: string[] = []
  let beat = -1
  let still = 0
  let isWritten = false
  parentPort.on('message', (line: string) => void lines.push(line))
  setInterval(() => {
    const now = Atomics.load(words, BEAT)
    still = now === beat ? still + 1 : 0
    beat = now
    if (still === LOOKS) isWritten = accuse()
    if (still === 0 && isWritten) {
      rmSync(file, { force: true })
      isWritten = false
    }
  }, patience / LOOKS)

  /** The one that has the thread; else all that wait for something, of which one went on and does not stop. */
  function accuse(): boolean {
    const atWork = Atomics.load(words, AT_WORK)
    const found = lines.filter((_, n) => (atWork > 0 ? n === atWork - 1 : Atomics.load(words, OPEN + n) > 0))
    if (found.length > 0) writeFileSync(file, found.join(''))
    return found.length > 0
  }
}
