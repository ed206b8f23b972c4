import type { AppError, Code } from '../../lib/errors.ts'
import type { JsonObject } from '../../lib/json.ts'
import { inEnglish, type Message } from '../../lib/message.ts'

/** An error as WordPress writes it. `data` says more, in WordPress's words. */
export const wuError = (status: number, code: string, message: Message, data: JsonObject = {}): Response =>
  Response.json({ code, message: inEnglish(message), data: { status, ...data } }, { status })

/** The codes that tools of Ultimate Multisite know, for errors of ours. */
const known: Partial<Record<Code, string>> = {
  unauthorized: 'rest_forbidden',
  forbidden: 'rest_forbidden',
  not_found: 'rest_no_route',
  bad_json: 'rest_invalid_json',
  too_deep: 'rest_invalid_json',
}

/** Fields of a webhook, as wu/v2 calls them. */
const renamed: Readonly<Record<string, string>> = { url: 'webhook_url', events: 'event' }

/** An error of ours in the shape of wu/v2. Values that are wrong are its 500s; here they are 400. */
export function wuProblem(error: AppError): Response {
  const [first, ...more] = error.errors.map(({ path, message }) => {
    const field = path.split('.')[0] ?? path
    return { code: renamed[field] ?? field, message: inEnglish(message), data: null }
  })
  if (first) {
    return Response.json({ ...first, ...(more.length > 0 ? { additional_errors: more } : {}) }, { status: 400 })
  }
  const { status, code, detail } = error
  const body = { code: known[code] ?? code, message: inEnglish(detail), data: { status } }
  return Response.json(body, { status, headers: error.headers })
}
