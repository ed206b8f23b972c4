import type { C } from '../web/env.ts'

/** A list whose pages have numbers: what its URL may ask for. */
export interface ListShape<View extends string, Column extends string> {
  /** The word that stands for the view in the URL. */
  readonly word: string
  readonly views: readonly View[]
  readonly columns: readonly Column[]
  /** The order that it has by itself, where that is one of a column. */
  readonly usual?: Order<Column>
}
export interface Order<Column extends string = string> {
  readonly by: Column
  readonly descending: boolean
}

/** What the URL of a list asks for. */
export interface Asked<View extends string = string, Column extends string = string> {
  readonly view: View | null
  readonly q: string
  /** Null: in the list's own order. */
  readonly sort: Order<Column> | null
  readonly page: number
}

/** Reads and writes the URLs of a list. */
export interface Listing<View extends string, Column extends string> {
  /** What makes no sense in a URL is as good as not there. */
  read(get: (name: string) => string | undefined): Asked<View, Column>
  /** The URL's search that asks for the same, with some of it changed. Another view or order starts on its first page. */
  search(asked: Asked<View, Column>, change?: Partial<Asked<View, Column>>): string
  /** The head of a column: how it sorts now, and where a click leads. */
  head(path: string, asked: Asked<View, Column>, by: Column): Head
}
export interface Head {
  readonly href: string
  readonly direction: 'ascending' | 'descending' | null
}

const MOST_PAGES = 1_000_000

export function listing<View extends string, Column extends string>({
  word,
  views,
  columns,
  usual,
}: ListShape<View, Column>): Listing<View, Column> {
  const search: Listing<View, Column>['search'] = (asked, change = {}) => {
    const { view, q, sort, page } = { ...asked, page: 1, ...change }
    const fields = {
      [word]: view ?? '',
      q,
      sort: sort ? `${sort.descending ? '-' : ''}${sort.by}` : '',
      page: page > 1 ? String(page) : '',
    }
    const search = new URLSearchParams(Object.entries(fields).filter(([, value]) => value !== ''))
    return search.size > 0 ? `?${search}` : ''
  }
  return {
    search,
    read(get) {
      const [, minus, name] = /^(-?)(\w+)$/.exec(get('sort') ?? '') ?? []
      const by = columns.find((column) => column === name)
      const page = Number(get('page') ?? 1)
      return {
        view: views.find((view) => view === get(word)) ?? null,
        q: (get('q') ?? '').trim().slice(0, 100),
        sort: by ? { by, descending: minus === '-' } : null,
        page: Number.isInteger(page) && page >= 1 && page <= MOST_PAGES ? page : 1,
      }
    },
    head(path, asked, by) {
      const order = asked.sort ?? usual
      const now = order?.by === by ? order : null
      return {
        href: path + search(asked, { sort: { by, descending: now !== null && !now.descending } }),
        direction: now && (now.descending ? 'descending' : 'ascending'),
      }
    },
  }
}

/** Which rows stand on the page that was asked for, of so many; the last page when there are not that many. */
export function sliceOf(asked: Asked, count: number, rows: number) {
  const size = rows === 0 ? Math.max(1, count) : rows
  const pages = Math.max(1, Math.ceil(count / size))
  const page = Math.min(asked.page, pages)
  return { page, pages, limit: size, offset: (page - 1) * size }
}

/** The same for a list that is in memory. */
export const rowsAt = <Row>(all: readonly Row[], { offset, limit }: { offset: number; limit: number }): Row[] =>
  all.slice(offset, offset + limit)

/** What pages/list/head and pages/list/pager show of a list: its views with their counts, the search, and the pages. */
export function frameOf<View extends string, Column extends string>(
  c: C,
  list: Listing<View, Column>,
  asked: Asked<View, Column>,
  given: {
    readonly path: string
    readonly count: number
    readonly slice: ReturnType<typeof sliceOf>
    /** The first stands for all. Of the others, only those that hold something are shown, and the one that was asked for. */
    readonly views: readonly { readonly view: View | null; readonly label: string; readonly count: number }[]
  },
) {
  const { t } = c.var
  const { path, count, slice } = given
  const narrowed = asked.q !== '' || asked.view !== null
  const at = (page: number) => (page >= 1 && page <= slice.pages ? path + list.search(asked, { page }) : null)
  return {
    path,
    q: asked.q,
    keep: list.search(asked, { q: '' }),
    narrowed,
    isEmpty: count === 0 && !narrowed,
    back: path + list.search(asked, { page: slice.page }),
    views: given.views
      .filter(({ view, count: of }) => view === null || of > 0 || view === asked.view)
      .map(({ view, label, count: of }) => ({
        href: path + list.search(asked, { view }),
        label,
        count: of,
        current: asked.view === view,
      })),
    pager: {
      items: t.n('1 item', '{count} items', count),
      text: t('{page} of {pages}', { page: slice.page, pages: slice.pages }),
      newer: at(slice.page - 1),
      older: at(slice.page + 1),
    },
  }
}
