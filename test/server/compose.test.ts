import { expect, test } from 'vitest'
import { readConfig } from '../../server/config.ts'
import { start } from '../../server/node/start.ts'
import { openSecrets } from '../../server/webhooks/webhook-secrets.ts'
import { FLOW_KEY } from '../flows/key.ts'
import { temporaryFolders } from '../support/folder.ts'
import { quiet } from '../support/log.ts'

const folder = temporaryFolders()
const FIRST = 'the first secret of the app, long enough'
const SECOND = 'the second secret of the app, long enough'

test('a new APP_SECRET is refused, taken beside the previous one, and then enough on its own', async () => {
  const data = folder()
  const begin = (more: Record<string, string>) =>
    start(readConfig({ PORT: '0', DATA_DIR: data, OUTBOUND_ALLOW: '127.0.0.0/8', SETUP_API_KEY: FLOW_KEY, ...more }), {
      log: quiet,
    })

  const first = await begin({ APP_SECRET: FIRST })
  const made = await fetch(`${first.url}/api/v1/webhooks`, {
    method: 'POST',
    headers: { authorization: `Bearer ${FLOW_KEY}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      name: 'Signed',
      url: 'https://example.com/',
      events: ['payment_received'],
      auth: { type: 'signature' },
    }),
  })
  const { id, secret } = (await made.json()) as { id: string; secret: string }
  await first.stop()

  await expect(begin({ APP_SECRET: SECOND })).rejects.toThrow(/APP_SECRET is another one/)
  const second = await begin({ APP_SECRET: SECOND, APP_SECRET_PREVIOUS: FIRST })
  await second.stop()
  const third = await begin({ APP_SECRET: SECOND })
  expect(await openSecrets(third.deps, id)).toMatchObject({ signing: [secret], password: null })
  await third.stop()
  await expect(begin({ APP_SECRET: FIRST })).rejects.toThrow(/APP_SECRET is another one/)
})
