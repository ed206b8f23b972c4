import type { AttemptTable, BodyTable } from '../../db/schema.ts'
import { redactUrl } from './redact.ts'

/** Where an attempt went, as it may be shown, and what it carried; null where that is no longer known. */
export interface Sent {
  readonly url: string | null
  readonly body: BodyTable | null
}

/** What a delivery's webhook says now, and the bodies that were made for it. A webhook that was deleted says nothing. */
export interface Present {
  readonly url: string | null
  readonly format: string | undefined
  readonly bodies: readonly BodyTable[]
}

/** What an attempt sent, whatever its webhook says now. Attempts from before that was written down go by the webhook. */
export function sentIn({ url, format }: Pick<AttemptTable, 'url' | 'format'>, present: Present): Sent {
  return {
    url: url ?? (present.url === null ? null : redactUrl(present.url)),
    body: format === null ? presentBody(present) : (present.bodies.find((body) => body.format_key === format) ?? null),
  }
}

/** A batch, and what a webhook got that was deleted, keep the format that they were made in. */
export const presentBody = ({ format, bodies }: Pick<Present, 'format' | 'bodies'>): BodyTable | null =>
  bodies.find((body) => body.format_key === format) ?? bodies[0] ?? null
