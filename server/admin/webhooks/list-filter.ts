import type { WebhookFilter } from '../../../db/queries/webhooks.ts'
import type { WebhookState } from '../../../db/schema.ts'
import { listing, type Asked } from '../listing.ts'

export const states = ['active', 'failing', 'disabled', 'retired'] as const satisfies WebhookState[]

/** Words of the URL, and the columns they stand for. */
const columns = { name: 'name', state: 'state', last: 'last_delivery_at' } as const satisfies Record<
  string,
  WebhookFilter['sort']
>

export const webhookList = listing({ word: 'state', views: states, columns: ['name', 'state', 'last'] })
export type WebhooksAsked = Asked<WebhookState, keyof typeof columns>

/** What the URL asks for, for the database. */
export const filterOf = (
  { view, q, sort }: WebhooksAsked,
  owner: string | null,
  { limit, offset }: { limit: number; offset: number },
): WebhookFilter => ({
  owner,
  state: view ?? undefined,
  search: q || undefined,
  sort: sort ? columns[sort.by] : 'created_at',
  descending: sort?.descending ?? true,
  limit,
  offset,
})
