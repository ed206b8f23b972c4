import type { Page } from 'playwright-core'
import { rules } from '../../server/access/rules.ts'

/** Routes that take what programs send, and no form of ours. */
const MACHINES = /^POST \/(api|wp-json|ingest)\//
const AREAS = ['/network', '/sites/:slug/admin']

/** Every route that a form of the admin can go to. */
const formRoutes: readonly string[] = Object.keys(rules)
  .filter((key) => key.startsWith('POST ') && !MACHINES.test(key))
  .flatMap((key) => (key.includes('{area}') ? AREAS.map((area) => key.replace('{area}', area)) : [key]))

const patterns = formRoutes
  .map((route) => {
    const path = route.slice('POST '.length)
    const source = path.replaceAll(/:\w+/g, '[^/]+').replaceAll('*', '.*')
    // What names its parts itself goes before what takes any.
    return { route, fits: new RegExp(`^${source}$`), wild: path.split(/[:*]/).length }
  })
  .sort((one, other) => one.wild - other.wild)

const routeOf = (url: string): string => {
  const { pathname } = new URL(url)
  return patterns.find(({ fits }) => fits.test(pathname))?.route ?? `POST ${pathname}, which no rule names`
}

/** A way to send a form: where to, and what the button or the chosen bulk action adds, such as `intent=preview`. */
type Way = readonly [url: string, adds: string]

/** In place of a value that is the reader's, not the button's. */
const ANY = '*'

/** Notes which forms a browser was shown, and which it sent. */
export interface FormActions {
  /** From now on. */
  watch(page: Page): void
  /** Notes what the page that stands there offers. */
  look(page: Page): Promise<void>
  /** What nobody drove: routes without any request, and buttons that were seen and never pressed. */
  left(): readonly string[]
}

export function noteFormActions(): FormActions {
  const seen = new Map<string, Set<string>>()
  const sent: { readonly route: string; readonly fields: URLSearchParams }[] = []

  const isDriven = (route: string, adds: string, others: ReadonlySet<string>): boolean => {
    const own = new URLSearchParams(adds)
    const names = new Set([...others].flatMap((other) => [...new URLSearchParams(other).keys()]))
    return sent.some(({ route: to, fields }) => {
      if (to !== route) return false
      if (adds === '') return [...names].every((name) => !fields.get(name))
      return [...own].every(([name, value]) => (value === ANY ? fields.has(name) : fields.get(name) === value))
    })
  }

  return {
    watch(page) {
      page.on('request', (request) => {
        if (request.method() !== 'POST') return
        sent.push({ route: routeOf(request.url()), fields: new URLSearchParams(request.postData() ?? '') })
      })
    },

    async look(page) {
      for (const [url, adds] of await page.evaluate(waysOf)) {
        const route = routeOf(url)
        seen.set(route, (seen.get(route) ?? new Set()).add(adds))
      }
    },

    left: () => [
      ...formRoutes.filter((route) => !sent.some((one) => one.route === route)),
      ...[...seen].flatMap(([route, all]) =>
        [...all].filter((adds) => !isDriven(route, adds, all)).map((adds) => `${route} with ${adds || 'no name'}`),
      ),
    ],
  }
}

/** Runs in the page: every way that one of its forms can be sent. A field called `action` would hide that of its form. */
function waysOf(): Way[] {
  const absolute = (path: string | null) => new URL(path ?? '', location.href).href
  return [...document.forms].flatMap((form) =>
    [...form.elements].flatMap((element): Way[] => {
      if (!(element instanceof HTMLButtonElement) || element.type !== 'submit' || element.disabled) return []
      if ((element.getAttribute('formmethod') ?? form.getAttribute('method')) !== 'post') return []
      const own = element.getAttribute('formaction')
      const url = absolute(own ?? form.getAttribute('action'))
      if (element.name === 'remove_event') return [[url, 'remove_event=*']]
      if (element.name !== '') return [[url, `${element.name}=${element.value}`]]
      const bulk = own === null ? form.querySelector<HTMLSelectElement>('select[name=action]') : null
      return bulk ? [...bulk.options].map(({ value }) => [url, value === '' ? '' : `action=${value}`]) : [[url, '']]
    }),
  )
}
