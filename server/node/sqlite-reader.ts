import { DbError, type Db } from '../../db/db.ts'
import { ownSqlite as dialect } from '../../db/dialect.ts'
import { readsOn } from '../../db/driver.ts'
import { asDbError, openConnection, runLine } from './sqlite-group.ts'

/** A database to look at, which another process may be writing to meanwhile. Throws a DbError when it cannot be opened. */
export function openSqliteReader(file: string): Db {
  try {
    const connection = openConnection(file, { readonly: true, fileMustExist: true, timeout: 5000 })
    return {
      ...readsOn('sqlite', async (line) => {
        try {
          return runLine(connection, line)
        } catch (error) {
          throw asDbError(error)
        }
      }),
      dialect,
      commit: () => Promise.reject(new DbError('broken', 'This database was opened to be looked at only.')),
      close: async () => void connection.sqlite.close(),
    }
  } catch (error) {
    throw asDbError(error)
  }
}
