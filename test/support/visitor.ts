import { createApp } from '../../server/app.ts'
import { ADDRESS, type World } from './people.ts'

/** Somebody with a browser of their own: it keeps cookies, and follows no redirect. */
export interface Visitor {
  get(path: string): Promise<Answer>
  post(path: string, fields: Record<string, string> | URLSearchParams): Promise<Answer>
  readonly cookies: Map<string, string>
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly html: string
}

/** Comes to the whole app as a browser does. */
export function visit(world: World): Visitor {
  const app = createApp({ ...world, dispatcher: () => 'on' }, () => ADDRESS)
  const cookies = new Map<string, string>()
  const ask = async (path: string, init: RequestInit): Promise<Answer> => {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const own = { host: '127.0.0.1:3000', 'sec-fetch-site': 'same-origin', cookie }
    const answer = await app.request(path, { ...init, headers: { ...init.headers, ...own } })
    for (const line of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (/max-age=0\b/i.test(line)) cookies.delete(name)
      else cookies.set(name, value)
    }
    return { status: answer.status, headers: answer.headers, html: await answer.text() }
  }
  return {
    cookies,
    get: (path) => ask(path, {}),
    post: (path, fields) =>
      ask(path, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams(fields).toString(),
      }),
  }
}

/** The value that a page's field holds. */
export const valueOf = (html: string, name: string): string =>
  new RegExp(`name="${name}"[^>]*? value="([^"]*)"`).exec(html)?.[1] ?? ''
