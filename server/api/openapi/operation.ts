import { z } from 'zod'
import type { RouteKey } from '../../access/rules.ts'
import type { IdPrefix } from '../../lib/ids.ts'

/** A route of the API, as its documentation tells of it. Who may call it stands in the rules. */
export interface Operation {
  readonly summary: string
  readonly description?: string
  /** Parameters of the query; all may be left out. */
  readonly query?: Readonly<Record<string, z.ZodType>>
  readonly headers?: Readonly<Record<string, z.ZodType>>
  readonly body?: z.ZodType
  /** The route whose fields the body has, more or less: the page tells of them once. */
  readonly like?: ApiRoute
  readonly status: 200 | 201 | 202 | 204
  /** When there is nothing to answer with, and 204 says so. */
  readonly empty?: string
  /** What is answered with that status; without one, nothing. */
  readonly answer?: z.ZodType
}

export type ApiRoute = Extract<RouteKey, `${string} /api/v1/${string}`>

/** Some routes of the API. */
export type Operations = Partial<Record<ApiRoute, Operation>>

export const id = (prefix: IdPrefix) => z.string().startsWith(`${prefix}_`)
export const time = z.iso.datetime()
/** The parameters of a list. */
export const page = {
  limit: z.int().min(1).max(100).default(20),
  cursor: z.string().meta({ description: 'next_cursor of the previous page' }),
}
/** The parameters of a log. */
export const when = {
  since: time,
  until: time,
  test: z.boolean().meta({ description: 'true: only tests; false: no tests' }),
}
export const nothing = { status: 204 } as const
