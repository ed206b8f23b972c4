/**
 * Resolves when all that was written before the call lies on the disk. While one flush is on its way, everybody who asks
 * shares the next one: their number grows with the load, and the number of flushes does not.
 */
export function createFlusher(flush: () => Promise<void>): () => Promise<void> {
  let running = Promise.resolve()
  let next: Promise<void> | null = null
  const begin = () => {
    next = null
    return (running = flush())
  }
  return () => (next ??= running.then(begin))
}
