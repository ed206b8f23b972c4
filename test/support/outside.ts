import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'
import { startChild, type Child } from './child.ts'

const EMAIL = 'ingrid@nordlys.example'
const PASSWORD = 'correct horse battery'
const KEY = 'hk_outside_key_with_32_characters_or_more'

/** Writes a plugin into a folder, by the paths of its files. A file may be the body of `register` alone. */
export function putPlugin(dir: string, slug: string, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, slug, path)), { recursive: true })
    writeFileSync(join(dir, slug, path), text)
  }
}

/** The source of a plugin that is on by default and owns `<slug>.thing_done`; `more` stands in its manifest. */
export const pluginText = (slug: string, register: string, { before = '', more = '' } = {}): string => `
import { z } from 'zod'
import { definePlugin, event, reject, webhookGuard, webhookPayload } from 'hookline/plugin'
${before}
export const done = event('${slug}.thing_done', {
  title: 'Thing Done',
  sentence: 'A thing was done',
  description: 'Happens in tests.',
  lane: 'realtime',
  payload: z.looseObject({ thing: z.string() }),
  sample: { thing: 'one' },
})
export default definePlugin(
  {
    slug: '${slug}', version: '1.0.0', title: '${slug}', requires: { host: '^1.0' }, scope: 'site', defaultActive: true,
    events: [done], ${more}
  },
  ({ on, filter, cron, page, route, format, healthCheck, widget }) => { ${register} },
)
`

export interface Server extends Child {
  /** A page as a super admin sees it. */
  page(path: string, language?: string): Promise<{ status: number; html: string; words: string }>
  post(path: string, fields?: Readonly<Record<string, string>>): Promise<number>
  api(method: string, path: string, body?: object): Promise<{ status: number; body: Record<string, unknown> }>
}

/** A server in a process of its own with the plugins of a folder. It is gone when the test is over, however it ended. */
export function startWith(env: { readonly DATA_DIR: string; readonly PLUGIN_DIR: string }): Server {
  const child = startChild({
    SETUP_EMAIL: EMAIL,
    SETUP_PASSWORD: PASSWORD,
    SETUP_API_KEY: KEY,
    OUTBOUND_ALLOW: '127.0.0.0/8',
    ...env,
  })
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await child.ended
  })
  let session: Promise<string> | undefined
  const login = async (): Promise<string> => {
    const url = await child.url
    const answer = await fetch(`${url}/login`, {
      method: 'POST',
      body: new URLSearchParams({ email: EMAIL, password: PASSWORD }),
      headers: { 'sec-fetch-site': 'same-origin' },
      redirect: 'manual',
    })
    return answer.headers
      .getSetCookie()
      .map((line) => line.split(';')[0])
      .join('; ')
  }
  return {
    ...child,
    async page(path, language = 'en') {
      const cookie = await (session ??= login())
      const answer = await fetch((await child.url) + path, { headers: { cookie, 'accept-language': language } })
      const html = await answer.text()
      return { status: answer.status, html, words: html.replaceAll(/<[^>]*>/g, ' ').replaceAll(/\s+/g, ' ') }
    },
    async post(path, fields = {}) {
      const headers = { cookie: await (session ??= login()), 'sec-fetch-site': 'same-origin' }
      const body = new URLSearchParams(fields)
      const answer = await fetch((await child.url) + path, { method: 'POST', headers, body, redirect: 'manual' })
      return answer.status
    },
    async api(method, path, body) {
      const answer = await fetch(`${await child.url}/api/v1${path}`, {
        method,
        headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' },
        ...(body && { body: JSON.stringify(body) }),
      })
      return { status: answer.status, body: (await answer.json()) as Record<string, unknown> }
    },
  }
}
