import { inEnglish, msg, type Message, type Params } from './message.ts'

/** Every code that a problem answer can carry, with its status. Codes are part of the contract. */
export const codes = {
  bad_request: 400,
  bad_json: 400,
  bad_cursor: 400,
  too_deep: 400,
  unauthorized: 401,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
  cursor_expired: 410,
  idempotency_mismatch: 409,
  revision_conflict: 409,
  plugin_inactive: 409,
  site_archived: 409,
  quota_reached: 409,
  too_large: 413,
  unsupported_media_type: 415,
  misdirected: 421,
  invalid: 422,
  too_many_requests: 429,
  internal: 500,
  unavailable: 503,
  safe_mode: 503,
} as const
export type Code = keyof typeof codes

/** What is wrong with one field: `path` as the API names it, such as `auth.username` or `events.2`. */
export interface FieldError {
  readonly path: string
  readonly message: Message
}

/** An expected failure that ends a request: a stable code, a sentence, and the fields it is about. */
export class AppError extends Error {
  readonly code: Code
  readonly detail: Message
  readonly errors: readonly FieldError[]
  readonly headers: Readonly<Record<string, string>>

  constructor(code: Code, detail: Message, errors: readonly FieldError[] = [], headers: Record<string, string> = {}) {
    super(inEnglish(detail))
    this.name = 'AppError'
    this.code = code
    this.detail = detail
    this.errors = errors
    this.headers = headers
  }

  get status(): (typeof codes)[Code] {
    return codes[this.code]
  }
}

export const fail = (code: Code, text: string, params?: Params): AppError =>
  new AppError(code, msg(/* translated elsewhere */ text, params))

export const invalid = (errors: readonly FieldError[]): AppError =>
  new AppError('invalid', msg('Some fields need another value.'), errors)

export const notFound = (): AppError => fail('not_found', 'There is nothing here, or it is not yours to see.')
