import { testApp, type Visitor } from '../support/app.ts'
import { filled, furnish, kindOf, routes, type Route } from '../support/belongings.ts'
import { median, milliseconds, row } from './figures.ts'

const TRIES = 200
const WARM_UP = 20
/** A key may ask 600 times a minute; the clock is ours. */
const STEP_MS = 200

type Ask = (id: string) => Promise<number>

/**
 * Asks for things of another site, and for things that nobody has, in random order, and tells how well the times tell one
 * from the other. Within one process and without a network, so that there is less noise than an attacker has.
 */
export async function ids(): Promise<void> {
  let end = () => Promise.resolve()
  const app = await testApp({ ends: (stop) => void (end = stop) })
  await app.site('mine')
  const theirs = await furnish(app, await app.site('theirs'))
  const [admin, client] = [await app.login('site_admin', 'mine'), await app.client('mine')]
  const asks = routes
    .filter(({ path }) => path.includes('/:id') && kindOf(path) in theirs)
    .flatMap((route): { name: string; kind: string; ask: Ask }[] => {
      const kind = kindOf(route.path)
      const name = `${route.method} ${route.path}`
      if (route.path.startsWith('/sites/:slug/admin')) return [{ name, kind, ask: asPerson(admin, route) }]
      const isRead = route.path.startsWith('/api/v1') && route.method === 'GET' && !route.rule.startsWith('network:')
      const path = route.path.replace('/api/v1', '')
      return isRead ? [{ name, kind, ask: async (id) => (await client('GET', path.replace(':id', id))).status }] : []
    })

  row('', 'theirs', 'nobody’s', 'P(slower)', 'z')
  const scores: number[] = []
  for (const { name, kind, ask } of asks) {
    const id = theirs[kind] ?? ''
    const taken: Record<'theirs' | 'nobodys', number[]> = { theirs: [], nobodys: [] }
    for (const whose of order(TRIES + WARM_UP)) {
      app.clock.advance(STEP_MS)
      const asked = whose === 'theirs' ? id : strangeId(id)
      const began = performance.now()
      const status = await ask(asked)
      taken[whose].push(performance.now() - began)
      if (status !== 404) throw new Error(`${name} answers ${status}.`)
    }
    const [a, b] = [taken.theirs.slice(WARM_UP), taken.nobodys.slice(WARM_UP)]
    const { larger, z } = mannWhitney(a, b)
    scores.push(z)
    row(name, milliseconds(median(a)), milliseconds(median(b)), larger.toFixed(2), z.toFixed(1))
  }
  const far = scores.filter((z) => Math.abs(z) > 1.96).length
  console.log(`\n${far} of ${scores.length} lie beyond 1.96; by chance alone one in twenty does.`)
  await end()
}

const asPerson =
  (admin: Visitor, { method, path }: Route): Ask =>
  async (id) => {
    const at = filled(path.replace(':id', id), 'mine')
    return (await (method === 'GET' ? admin.get(at) : admin.post(at))).status
  }

/** Of the same shape, and another one each time, so that nothing can be kept of it. */
const strangeId = (id: string): string =>
  id.slice(0, 4) + Array.from({ length: id.length - 4 }, () => Math.floor(Math.random() * 10)).join('')

function order(tries: number): ('theirs' | 'nobodys')[] {
  const all = Array.from({ length: tries }, () => ['theirs', 'nobodys'] as const).flat()
  return all
    .map((whose) => ({ whose, at: Math.random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ whose }) => whose)
}

/** How likely one of the first is larger than one of the second (0.5: no telling), and how far that is from chance. */
function mannWhitney(first: readonly number[], second: readonly number[]): { larger: number; z: number } {
  const wins = first.reduce((sum, a) => sum + second.reduce((won, b) => won + (a > b ? 1 : a === b ? 0.5 : 0), 0), 0)
  const pairs = first.length * second.length
  const spread = Math.sqrt((pairs * (first.length + second.length + 1)) / 12)
  return { larger: wins / pairs, z: (wins - pairs / 2) / spread }
}
