import type { AppError } from '../lib/errors.ts'
import { inEnglish } from '../lib/message.ts'

/** An error as RFC 9457 has it: a stable code, a sentence, and for bad input the fields it is about. */
export function problem(error: AppError): Response {
  const body = {
    type: 'about:blank',
    title: inEnglish(error.detail),
    status: error.status,
    code: error.code,
    ...(error.errors.length > 0
      ? { errors: error.errors.map(({ path, message }) => ({ path, message: inEnglish(message) })) }
      : {}),
  }
  return new Response(JSON.stringify(body), {
    status: error.status,
    headers: { 'content-type': 'application/problem+json', 'cache-control': 'no-store', ...error.headers },
  })
}
