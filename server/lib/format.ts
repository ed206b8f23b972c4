import type { JsonObject } from './json.ts'

/** An event as formats see it. `site` is the slug; `occurredAt` in milliseconds UTC. */
export interface FormatEvent {
  readonly id: string
  readonly type: string
  readonly occurredAt: number
  readonly site: string
  readonly data: JsonObject
}

/** The network, as far as formats name it. `publicUrl` is what others call us, without a path. */
export interface FormatNetwork {
  readonly accountId: number
  readonly publicUrl: string
}

/** A batch as formats see it: its id (`bat_…`) and when it closed. */
export interface FormatBatch {
  readonly id: string
  readonly closedAt: number
}
