import { Pool, type Dispatcher } from 'undici'
import { checkUrl, type CheckedUrl, type UrlRules } from '../webhooks/address.ts'
import type { Answer, OutgoingRequest, Post } from '../webhooks/engine.ts'
import { outcomeOf, MOST_KEPT, MOST_READ, noAnswer, type sentences } from '../webhooks/outcome.ts'
import { codeOf, createConnector, Refusal, type ConnectorOptions } from './connector.ts'
import { createWheel } from './wheel.ts'

const MOST_ORIGINS = 2000
const MOST_HEAD = 16 * 1024
const MOST_ROOMY = 4 * 1024 * 1024
/** 100 to 199: an honest receiver sends one or two. */
const MOST_INTERIM = 10

/**
 * Posts over sockets that stay open, each to an address that was checked when it was opened. A name is resolved once and
 * the socket goes to what was checked, while `Host` and SNI stay the name: there is no second look-up to lie in.
 */
export function createPost(options: ConnectorOptions): Post & { close(): Promise<void> } {
  const usual = postOver(options)
  // Who asks for much of an answer does not share sockets with those who ask for little: what a socket carries is bounded.
  const roomy = postOver({ ...options, mostOnWire: MOST_ROOMY })
  const post: Post = (request) => (request.keep === undefined ? usual : roomy)(request)
  return Object.assign(post, { close: async () => void (await Promise.all([usual.close(), roomy.close()])) })
}

function postOver(options: ConnectorOptions): Post & { close(): Promise<void> } {
  const wheel = createWheel()
  const connector = createConnector(options)
  const pools = new Map<string, Pool>()

  /** What was judged stands as long as the rules do: judging costs a sixth of the post. */
  const judged = new Map<string, CheckedUrl>()
  let rules: UrlRules | null = null
  const check = (url: string): CheckedUrl => {
    const now = options.rules()
    if (now !== rules || judged.size >= MOST_ORIGINS) judged.clear()
    rules = now
    const known = judged.get(url) ?? checkUrl(url, now)
    judged.set(url, known)
    return known
  }

  const newPool = (origin: string): Pool => new Pool(origin, { ...POOL, connect: connector.connect })
  const poolOf = (origin: string): Pool => {
    const pool = pools.get(origin) ?? newPool(origin)
    pools.delete(origin)
    pools.set(origin, pool)
    if (pools.size > MOST_ORIGINS) dropOldest()
    return pool
  }
  const dropOldest = () => {
    for (const [origin, pool] of pools) {
      pools.delete(origin)
      void pool.close()
      return
    }
  }

  const post = async (request: OutgoingRequest): Promise<Answer> => {
    const checked = check(request.url)
    if (!checked.ok) return noAnswer('blocked', 0)
    const started = performance.now()
    const { origin } = checked.url
    const answer = await exchange(poolOf(origin), checked.url, request, started)
    if (answer) return answer
    // A kept socket may die as we write to it. That tells nothing about the receiver, so it gets one chance on a new one.
    const fresh = newPool(origin)
    const second = await exchange(fresh, checked.url, request, started)
    void fresh.close()
    return second ?? noAnswer('connect', elapsed(started), CLOSED)
  }

  /** One exchange; null when a kept socket died before a byte of the answer came. */
  const exchange = (pool: Pool, url: URL, request: OutgoingRequest, started: number): Promise<Answer | null> =>
    new Promise((resolve) => {
      let controller: Dispatcher.DispatchController | null = null
      let head: { status: number; headers: [string, string][] } | null = null
      const body: Buffer[] = []
      let read = 0
      let interim = 0
      let kept = false
      let heard = false
      let settled = false
      const mostKept = request.keep ?? MOST_KEPT

      const settle = (answer: Answer | null) => {
        if (settled) return
        settled = true
        callOff()
        request.signal?.removeEventListener('abort', end)
        resolve(answer)
      }
      const give = (cut: boolean) => {
        if (!head) return
        const bytes = Buffer.concat(body)
        const truncated = cut || bytes.length > mostKept
        settle({
          ...head,
          ...outcomeOf(head.status),
          body: bytes.subarray(0, mostKept),
          truncated,
          durationMs: elapsed(started),
        })
      }
      const giveUp = (outcome: keyof typeof sentences, sentence?: string) => {
        settle(noAnswer(outcome, elapsed(started), sentence))
      }
      const hangUp = () => controller?.abort(new Error('The exchange is over.'))
      const end = () => {
        if (head) give(true)
        else giveUp('timeout')
        hangUp()
      }
      const callOff = wheel.after(request.timeoutMs - (performance.now() - started), end)
      request.signal?.addEventListener('abort', end, { once: true })

      pool.dispatch(
        {
          method: request.method ?? 'POST',
          path: url.pathname + url.search,
          headers: request.headers.flat(),
          body: request.body,
        },
        {
          onRequestStart(ours) {
            controller = ours
            kept = !connector.isOpening()
            if (settled) hangUp()
          },
          onResponseStarted() {
            heard = true
          },
          onResponseStart(controller, status) {
            if (status >= 200) head = { status, headers: pairs(controller.rawHeaders) }
            else if (++interim > MOST_INTERIM) {
              giveUp('protocol')
              hangUp()
            }
          },
          onResponseData(_, chunk) {
            if (read < mostKept + 1) body.push(chunk)
            read += chunk.length
            if (read <= Math.max(MOST_READ, mostKept)) return
            give(true)
            hangUp()
          },
          onResponseEnd() {
            give(false)
          },
          onResponseError(_, error) {
            if (head) give(true)
            else if (error instanceof Refusal) giveUp(error.outcome)
            else if (isOverflow(error)) giveUp('too_large')
            else if (heard || isParserError(error)) giveUp('protocol')
            else if (kept) settle(null)
            else if (error.name === 'InvalidArgumentError') giveUp('unexpected')
            else giveUp('connect', CLOSED)
          },
        },
      )
    })

  return Object.assign(post, {
    close: async () => {
      await Promise.all([...pools.values()].map((pool) => pool.destroy()))
    },
  })
}

const POOL: Pool.Options = {
  allowH2: false,
  maxHeaderSize: MOST_HEAD,
  // Time is ours to watch, over the whole attempt.
  headersTimeout: 0,
  bodyTimeout: 0,
}

const CLOSED = 'The receiver closed the connection without an answer.'

const isOverflow = (error: Error): boolean => /HEADERS?_OVERFLOW$/.test(codeOf(error))
const isParserError = (error: Error): boolean => codeOf(error).startsWith('HPE_')

const elapsed = (started: number): number => Math.round(performance.now() - started)

/** Names in lower case; values byte by byte, as HTTP has them. */
function pairs(raw: Dispatcher.DispatchController['rawHeaders']): [string, string][] {
  const list: [string, string][] = []
  if (!Array.isArray(raw)) return list
  for (let i = 0; i + 1 < raw.length; i += 2) list.push([text(raw[i]).toLowerCase(), text(raw[i + 1])])
  return list
}
const text = (part: Buffer | string | undefined): string =>
  typeof part === 'string' ? part : (part?.toString('latin1') ?? '')
