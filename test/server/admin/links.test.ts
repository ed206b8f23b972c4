import { expect, test } from 'vitest'
import type { Role } from '../../../db/schema.ts'
import { testApp } from '../../support/app.ts'
import { startReceiver } from '../../support/receiver.ts'

/** More than the pages that anybody of these can come to, one or two of each kind. */
const MOST = 150

test.each<[Role, string]>([
  ['integration_admin', '/network'],
  ['viewer', '/network'],
  ['site_admin', '/sites/kafe/admin'],
])(
  'no link that a %s is shown leads where they may not go',
  async (role, start) => {
    const app = await testApp()
    const kafe = await app.site('kafe')
    const receiver = await startReceiver({ answer: (_, n) => ({ status: n % 2 === 0 ? 500 : 200 }) })
    const admin = await app.login()
    for (const [owner, base] of [
      ['network', '/network'],
      [kafe, '/sites/kafe/admin'],
    ] as const) {
      await app.webhook({ name: 'Desk', url: `${receiver.url}/in` }, owner)
      await admin.post(`${base}/bins`, { name: 'Trial' })
    }
    const client = await app.client()
    await client('POST', '/sources', {
      kind: 'generic',
      name: 'Desk',
      site: 'kafe',
      mapping: { event: 'generic.request_received', fields: { body: { from: '.' } } },
    })
    await app.emit()
    await app.emit({ site: kafe })
    await app.deliver()
    await receiver.stop()
    const who = await app.login(role, role === 'site_admin' ? 'kafe' : undefined)
    const seen = new Set([start])
    const wrong: string[] = []
    const queue: [path: string, from: string][] = [[start, '']]
    // Two pages of a kind tell what all of them do.
    const kinds = new Map<string, number>()
    for (let n = 0; n < MOST && queue.length > 0; n++) {
      const [path, from] = queue.shift() ?? ['', '']
      const { status, html, location } = await who.get(path)
      if (status >= 400 || location.startsWith('/login')) wrong.push(`${from} -> ${path}: ${status}`)
      for (const [, href = ''] of html.matchAll(/<a [^>]*href="(\/[^"#]*)/g)) {
        const to = href.replaceAll('&amp;', '&')
        const kind = to
          .replace(/\?.*/, '')
          .replaceAll(/(?<=_)[0-9a-z]{20,}|(?<=event-types\/)[^/]+|(?<=plugins\/)[^/]+/g, '*')
        const count = kinds.get(kind) ?? 0
        if (seen.has(to) || count >= 2 || /\/body$|fixture|\/assets\//.test(to)) continue
        kinds.set(kind, count + 1)
        seen.add(to)
        queue.push([to, path])
      }
    }
    expect(wrong).toEqual([])
  },
  60_000,
)
