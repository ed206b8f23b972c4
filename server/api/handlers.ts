import type { RouteKey } from '../access/rules.ts'
import type { Handler } from '../web/env.ts'

/** What a file of routes gives to the app: a handler per route of `rules`. */
export type Handlers = Partial<Record<RouteKey, Handler>>
