import { logInsOf, placeNames, places, type Place, type Row } from '../../db/queries/privacy-places.ts'
import { hitsOf } from '../../db/queries/privacy.ts'
import type { PrivacyRequestTable } from '../../db/schema.ts'
import type { By } from '../lib/actor.ts'
import { isoTime } from '../lib/clock.ts'
import type { Json, JsonObject } from '../lib/json.ts'
import type { Engine } from '../webhooks/engine.ts'
import { readPacked, rowsNamed } from './find.ts'
import { auditOf } from './request.ts'

/** The file for the person; that it was taken is audited before its first byte leaves. */
export async function exportAnswer(engine: Engine, by: By, request: PrivacyRequestTable): Promise<Response> {
  await engine.db.commit(auditOf(engine, by, request, 'exported'))
  return new Response(streamOf(exportOf(engine, request)), {
    headers: {
      'content-type': 'application/json; charset=utf-8',
      'content-disposition': 'attachment; filename="personal-data.json"',
      'cache-control': 'no-store',
    },
  })
}

function streamOf(pieces: AsyncGenerator<string>): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder()
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await pieces.next()
      if (done) controller.close()
      else controller.enqueue(encoder.encode(value))
    },
    cancel: async () => void (await pieces.return(undefined)),
  })
}

/** As many rows are read at once: each may have several hundred KB. */
const AT_ONCE = 20

/** What a search found as one JSON document, in pieces: a list of rows for each place, without secrets. */
export async function* exportOf({ db }: Pick<Engine, 'db'>, request: PrivacyRequestTable): AsyncGenerator<string> {
  const { address, ended_at: at } = request
  yield `{"address":${JSON.stringify(address)},"searched_at":${JSON.stringify(at === null ? null : isoTime(at))}`
  for (const name of placeNames) {
    const place: Place = places[name]
    yield `,\n"${name}":[`
    let first = true
    for (let after = ''; ;) {
      const names = await hitsOf(db, request.id, name, { after, limit: AT_ONCE })
      for (const row of await rowsNamed({ db }, place, names)) {
        const logIns =
          name === 'user' ? { log_ins: (await logInsOf(db, String(row['id']))).map((one) => ({ ...one })) } : {}
        yield `${first ? '' : ','}\n${JSON.stringify({ ...shown(place, row), ...logIns })}`
        first = false
      }
      const last = names.at(-1)
      if (last === undefined || names.length < AT_ONCE) break
      after = last
    }
    yield ']'
  }
  yield '}\n'
}

const shown = (place: Place, row: Row): JsonObject =>
  Object.fromEntries(place.shows.map((column) => [column, valueOf(place, column, row[column] ?? null)]))

function valueOf(place: Place, column: string, value: Row[string] & Json): Json {
  if (column === place.packed) return readPacked(value)
  if (typeof value === 'number') return /^at$|_at$/.test(column) ? isoTime(value) : value
  return typeof value === 'string' && /^[{[]/.test(value) ? parsed(value) : value
}

function parsed(text: string): Json {
  try {
    return JSON.parse(text) as Json
  } catch {
    return text
  }
}
