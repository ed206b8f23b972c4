import { sql } from 'kysely'
import { figure, median, milliseconds, ratio, row } from './figures.ts'
import { startProduct, type Product } from './product.ts'

const FEW = 10_000
const MANY = Number(process.env.BENCH_ROWS ?? 1_000_000)
const CHUNK = 10_000
/** What the start of the product made itself has the numbers below. */
const FIRST_SEQ = 1000
const TIMES = 40
const PERSON = { SETUP_EMAIL: 'ingrid@example.com', SETUP_PASSWORD: 'a long password of the bench' }

/** The Deliveries page of the admin, as a browser asks for it, over a short and a long log. */
export async function page(): Promise<void> {
  const product = await startProduct([], { env: { ...PERSON, DELIVERY: 'off' } })
  const cookie = await login(product)
  await fill(product, 0, FEW)
  const few = await times(product, cookie)
  await fill(product, FEW, MANY)
  const many = await times(product, cookie)
  row('Deliveries page, median', figure(FEW), figure(MANY), 'ratio')
  for (const [name, short] of few) {
    const long = many.get(name) ?? Number.NaN
    row(name, milliseconds(short), milliseconds(long), ratio(long / short))
  }
  await product.stop()
}

/** A tenth has failed, the rest was delivered, to one of eight webhooks. */
async function fill({ deps: { db } }: Product, from: number, to: number): Promise<void> {
  for (let start = from; start < to; start += CHUNK) {
    const rows = sql`with recursive n(i) as (select ${start} union all select i + 1 from n where i + 1 < ${start + CHUNK})`
    await db.commit([
      sql`insert into event (id, seq, type, site_id, payload, source, test, hops, fingerprint, occurred_at, created_at, heard_at)
        ${rows} select printf('evt_%026d', i), i + ${FIRST_SEQ}, 'payment_received', 'sit_main', '{}', 'plugin:bench', 0, 0, '', i, i, i
        from n`.compile(db.q),
      sql`insert into delivery (id, seq, event_id, webhook_id, site_id, type, test, state, attempts, created_at, finished_at)
        ${rows} select printf('dlv_%026d', i), i + ${FIRST_SEQ}, printf('evt_%026d', i), 'whk_' || (i % 8), 'sit_main',
          'payment_received', 0, case when i % 10 = 0 then 'failed' else 'delivered' end, 1, i, i from n`.compile(db.q),
      sql`update counter set value = ${start + CHUNK + FIRST_SEQ} where name = 'event'`.compile(db.q),
    ])
  }
}

async function login({ url }: Product): Promise<string> {
  const answer = await fetch(`${url}/login`, {
    method: 'POST',
    redirect: 'manual',
    headers: { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'same-origin' },
    body: new URLSearchParams({ email: PERSON.SETUP_EMAIL, password: PERSON.SETUP_PASSWORD }).toString(),
  })
  return answer.headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .join('; ')
}

async function times({ url }: Product, cookie: string): Promise<ReadonlyMap<string, number>> {
  const ask = async (path: string): Promise<string> => {
    const answer = await fetch(url + path, { headers: { cookie } })
    if (answer.status !== 200) throw new Error(`${path} answers ${answer.status}.`)
    return answer.text()
  }
  const first = await ask('/network/deliveries')
  const next = /href="([^"]*[?;&]before=[^"]*)"/.exec(first)?.[1]?.replaceAll('&amp;', '&')
  if (next === undefined) throw new Error('The first page leads to no second one.')
  const pages = { first: '/network/deliveries', 'by state': '/network/deliveries?state=failed', next }
  const found = new Map<string, number>()
  for (const [name, path] of Object.entries(pages)) {
    const taken: number[] = []
    for (let n = 0; n < TIMES; n++) {
      const began = performance.now()
      await ask(path)
      taken.push(performance.now() - began)
    }
    found.set(name, median(taken))
  }
  return found
}
