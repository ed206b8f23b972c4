import type { Statement } from '../../db/db.ts'
import type { Emission } from './host.ts'

/** What a handler wants to happen if it succeeds. Once closed, it takes nothing any more. */
export interface Unit {
  readonly writes: readonly Statement[]
  readonly emissions: readonly Emission[]
  write(statements: readonly Statement[]): void
  emit(emission: Emission): void
  close(): void
}

/** Closing is what makes a time-out true: code that goes on after it can call all it likes, and nothing comes of it. */
export function openUnit(): Unit {
  const writes: Statement[] = []
  const emissions: Emission[] = []
  let open = true
  return {
    writes,
    emissions,
    write: (statements) => void (open && writes.push(...statements)),
    emit: (emission) => void (open && emissions.push(emission)),
    close: () => void (open = false),
  }
}
