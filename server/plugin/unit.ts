import type { Db, Statement } from '../../db/db.ts'
import { changeRecords, type RecordChange } from '../../db/queries/plugin-records.ts'
import type { Emission } from './host.ts'

/** What a handler wants to happen if it succeeds. Once closed, it takes nothing any more. */
export interface Unit {
  /** Everything to be written, as statements. */
  statements(db: Db): readonly Statement[]
  readonly emissions: readonly Emission[]
  write(statements: readonly Statement[]): void
  change(record: RecordChange): void
  emit(emission: Emission): void
  close(): void
}

/** Closing is what makes a time-out true: code that goes on after it can call all it likes, and nothing comes of it. */
export function openUnit(): Unit {
  const writes: Statement[] = []
  const changes: RecordChange[] = []
  const emissions: Emission[] = []
  let open = true
  return {
    statements: (db) => [...changeRecords(db, changes), ...writes],
    emissions,
    write: (statements) => void (open && writes.push(...statements)),
    change: (record) => void (open && changes.push(record)),
    emit: (emission) => void (open && emissions.push(emission)),
    close: () => void (open = false),
  }
}
