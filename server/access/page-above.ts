import { pathsOf, rules } from './rules.ts'

const pathsFor = (method: string): string[] =>
  Object.keys(rules)
    .filter((key) => key.startsWith(`${method} `))
    .flatMap((key) => pathsOf(key.slice(method.length + 1)))

const pages = new Set(pathsFor('GET'))

/** One for each address that takes forms and is no page. Its first group is the part of the address that is one. */
const patterns = pathsFor('POST').flatMap((path) => {
  let above = path
  while (above !== '' && !pages.has(above)) above = above.slice(0, above.lastIndexOf('/'))
  if (above === '' || above === path) return []
  return [new RegExp(`^(${source(above)})${source(path.slice(above.length))}$`)]
})

/**
 * Where to go from an address that only takes forms: the page that it stands below, such as that of the webhook for
 * `/network/webhooks/whk_…/rotate`. Null for any other address.
 */
export function pageAbove(path: string): string | null {
  for (const pattern of patterns) {
    const above = pattern.exec(path)?.[1]
    if (above !== undefined) return above
  }
  return null
}

function source(path: string): string {
  return path.replaceAll('.', '\\.').replaceAll(/:\w+/g, '[^/]+')
}
