import type { WebhookFilter } from '../../../db/queries/webhooks.ts'
import type { WebhookState } from '../../../db/schema.ts'

export const states = ['active', 'failing', 'disabled', 'retired'] as const satisfies WebhookState[]

/** Words of the URL, and the columns they stand for. */
const columns = { name: 'name', status: 'state', last: 'last_delivery_at' } as const satisfies Record<
  string,
  WebhookFilter['sort']
>
export type Column = keyof typeof columns

/** What the URL of the list asks for. */
export interface Asked {
  readonly state: WebhookState | null
  readonly q: string
  /** Null: newest first. */
  readonly sort: { readonly by: Column; readonly descending: boolean } | null
  readonly page: number
}

/** Reads the URL. What makes no sense there is as good as not there. */
export function readAsked(get: (name: string) => string | undefined): Asked {
  const [, minus, by] = /^(-?)(name|status|last)$/.exec(get('sort') ?? '') ?? []
  const page = Number(get('page') ?? 1)
  return {
    state: states.find((state) => state === get('state')) ?? null,
    q: (get('q') ?? '').trim().slice(0, 100),
    sort: isColumn(by) ? { by, descending: minus === '-' } : null,
    page: Number.isInteger(page) && page >= 1 && page <= 1_000_000 ? page : 1,
  }
}

const isColumn = (text: string | undefined): text is Column => text !== undefined && Object.hasOwn(columns, text)

/** The URL's search that asks for the same, with some of it changed. Another view or order starts on its first page. */
export function searchOf(asked: Asked, change: Partial<Asked> = {}): string {
  const { state, q, sort, page } = { ...asked, page: 1, ...change }
  const fields = {
    state: state ?? '',
    q,
    sort: sort ? `${sort.descending ? '-' : ''}${sort.by}` : '',
    page: page > 1 ? String(page) : '',
  }
  const search = new URLSearchParams(Object.entries(fields).filter(([, value]) => value !== ''))
  return search.size > 0 ? `?${search}` : ''
}

/** The same for the database. */
export const filterOf = (asked: Asked, owner: string | null, limit: number): WebhookFilter => ({
  owner,
  state: asked.state ?? undefined,
  search: asked.q || undefined,
  sort: asked.sort ? columns[asked.sort.by] : 'created_at',
  descending: asked.sort?.descending ?? true,
  limit,
  offset: (asked.page - 1) * limit,
})

/** The head of a column: how it sorts now, and what a click asks for. */
export function headOf(asked: Asked, by: Column): { search: string; direction: 'ascending' | 'descending' | null } {
  const now = asked.sort?.by === by ? asked.sort : null
  return {
    search: searchOf(asked, { sort: { by, descending: now !== null && !now.descending } }),
    direction: now && (now.descending ? 'descending' : 'ascending'),
  }
}
