import type { C } from '../web/env.ts'

/** A list whose pages have numbers: what its URL may ask for. */
interface ListShape<View extends string, Column extends string, By extends string> {
  /** The word that stands for the view in the URL. */
  readonly word: string
  readonly views: readonly View[]
  /** Words of the URL, and what they sort by. */
  readonly columns: Readonly<Record<Column, By>>
  /** The order that it has by itself. */
  readonly usual: Order<By>
}
interface Order<By extends string> {
  readonly by: By
  readonly descending: boolean
}

/** What the URL of a list asks for. */
interface Asked<View extends string, Column extends string> {
  readonly view: View | undefined
  readonly q: string
  /** Undefined: in the list's own order. */
  readonly sort: Order<Column> | undefined
  readonly page: number
}

/** What there is to list. */
interface Stock<View extends string> {
  readonly path: string
  /** Rows on a page, as the person who looks chose it; 0 where all stand on one. */
  readonly rows: number
  readonly words: Readonly<Record<View, string>>
  readonly counts: Readonly<Partial<Record<View, number>>>
  /** How many there are in all, where that is not the sum of the views. */
  readonly total?: number
}

/** Which rows stand on a page, and in which order. */
export interface Slice<By extends string = string> {
  readonly sort: By
  readonly descending: boolean
  readonly limit: number
  readonly offset: number
}

const MOST_PAGES = 1_000_000

/** Reads and writes the URLs of a list. */
export function listing<View extends string, Column extends string, By extends string>({
  word,
  views,
  columns,
  usual,
}: ListShape<View, Column, By>) {
  const names = Object.keys(columns) as Column[]

  /** The URL's search that asks for the same, with some of it changed. Another view or order starts on its first page. */
  const searchOf = (asked: Asked<View, Column>, change: Partial<Asked<View, Column>>): string => {
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
    /** What makes no sense in a URL is as good as not there. */
    read({ req }: C): Asked<View, Column> {
      const [, minus, name] = /^(-?)(\w+)$/.exec(req.query('sort') ?? '') ?? []
      const by = names.find((column) => column === name)
      const page = Number(req.query('page') ?? 1)
      return {
        view: views.find((view) => view === req.query(word)),
        q: (req.query('q') ?? '').trim().slice(0, 100),
        sort: by && { by, descending: minus === '-' },
        page: Number.isInteger(page) && page >= 1 && page <= MOST_PAGES ? page : 1,
      }
    },

    /**
     * The page that was asked for, or the last where there are not that many: which rows stand on it, and what
     * pages/list/head, pages/list/pager and the heads of the columns show.
     */
    page({ var: { t } }: C, asked: Asked<View, Column>, { path, rows, words, counts, ...stock }: Stock<View>) {
      const countOf = (view: View): number => counts[view] ?? 0
      const total = stock.total ?? views.reduce((sum, view) => sum + countOf(view), 0)
      const count = asked.view ? countOf(asked.view) : total
      const limit = rows === 0 ? Math.max(1, count) : rows
      const pages = Math.max(1, Math.ceil(count / limit))
      const page = Math.min(asked.page, pages)
      const order = asked.sort ? { ...asked.sort, by: columns[asked.sort.by] } : usual
      const narrowed = asked.q !== '' || asked.view !== undefined
      const hrefOf = (change: Partial<Asked<View, Column>>): string => path + searchOf(asked, change)
      const pageHref = (number: number) => (number >= 1 && number <= pages ? hrefOf({ page: number }) : null)
      const headOf = (by: Column): Head => {
        const isNow = order.by === columns[by]
        return {
          href: hrefOf({ sort: { by, descending: isNow && !order.descending } }),
          direction: isNow ? (order.descending ? 'descending' : 'ascending') : null,
        }
      }
      const slice: Slice<By> = { sort: order.by, descending: order.descending, limit, offset: (page - 1) * limit }
      return {
        slice,
        heads: Object.fromEntries(names.map((name) => [name, headOf(name)])) as Record<Column, Head>,
        frame: {
          path,
          q: asked.q,
          keep: searchOf(asked, { q: '' }),
          narrowed,
          isEmpty: count === 0 && !narrowed,
          back: hrefOf({ page }),
          // All, those that hold something, and the one that was asked for.
          views: [undefined, ...views.filter((view) => countOf(view) > 0 || view === asked.view)].map((view) => ({
            href: hrefOf({ view }),
            label: view ? words[view] : t('All'),
            count: view ? countOf(view) : total,
            current: view === asked.view,
          })),
          pager: {
            items: t.n('1 item', '{count} items', count),
            text: t('{page} of {pages}', { page, pages }),
            newer: pageHref(page - 1),
            older: pageHref(page + 1),
          },
        },
      }
    },
  }
}

/** The head of a column: how it sorts now, and where a click leads. */
interface Head {
  readonly href: string
  readonly direction: 'ascending' | 'descending' | null
}

/** How many rows each view has, of a list that is in memory. */
export const countBy = <Row>(rows: readonly Row[], viewOf: (row: Row) => string): Record<string, number> =>
  Object.fromEntries([...Map.groupBy(rows, viewOf)].map(([view, { length }]) => [view, length]))

/** The rows of a page, of a list that is in memory. */
export const rowsAt = <Row>(all: readonly Row[], { offset, limit }: Slice): Row[] => all.slice(offset, offset + limit)
