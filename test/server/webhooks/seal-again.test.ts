import { expect, test } from 'vitest'
import { insertMailTo } from '../../../db/queries/mail.ts'
import { keepFile } from '../../../server/transfer/kept-file.ts'
import { sealLetter } from '../../../server/webhooks/mail.ts'
import { openSealed, sealAgain } from '../../../server/webhooks/seal-again.ts'
import { hiddenContext, letterContext } from '../../../server/webhooks/sealed.ts'
import { createVault } from '../../../server/webhooks/secrets.ts'
import { testApp } from '../../support/app.ts'

const FIRST = 'an app secret of a test, 32 characters or more'
const SECOND = 'another app secret, of 32 characters or more'
const THIRD = 'a third app secret, of 32 characters or more'

test('after a change of APP_SECRET, what goes by itself in a few days opens as well, or is gone', async () => {
  const app = await testApp()
  const { db, random, clock } = app.deps
  const client = await app.client()
  const bin = (await client('POST', '/bins', { name: 'A bin' })).body
  const caught = await app.fetch(String(bin.url), { method: 'POST', headers: { authorization: 'Bearer abc' } })
  expect(caught.status).toBe(200)
  await app.login()
  const { id: userId } = await db.q.selectFrom('user').select('id').executeTakeFirstOrThrow()
  const about = await sealLetter(app.deps, 'mal_1', {
    letter: 'reset',
    url: 'https://example.com/reset',
    until: clock() + 1000,
  })
  await db.commit([insertMailTo(db, { id: 'mal_1', userId, about, now: clock() })])
  await keepFile(app.deps, { id: userId }, {} as never)
  const capture = () => db.q.selectFrom('capture').selectAll().executeTakeFirstOrThrow()
  const mails = () => db.q.selectFrom('mail').selectAll().execute()

  await sealAgain({ db, vault: await createVault({ appSecret: SECOND, previous: FIRST, random }) })
  const alone = await createVault({ appSecret: SECOND, random })
  const { id, hidden } = await capture()
  expect(await alone.open(hidden ?? '', hiddenContext(id))).toContain('Bearer abc')
  const { sealed } = JSON.parse((await mails())[0]?.about ?? '{}') as { sealed: string }
  expect(await alone.open(sealed, letterContext('mal_1'))).toBe('https://example.com/reset')
  expect(await db.q.selectFrom('import_file').selectAll().execute()).toEqual([])

  // Neither of these two sealed it.
  const later = await createVault({ appSecret: THIRD, previous: FIRST, random })
  expect(await openSealed({ db, vault: later })).toBe(0)
  await sealAgain({ db, vault: later })
  expect((await capture()).hidden).toBeNull()
  expect(await mails()).toEqual([])
})
