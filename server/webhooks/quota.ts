import type { Db } from '../../db/db.ts'
import { setting } from '../../db/queries/settings.ts'
import type { Owner } from '../lib/actor.ts'
import { fail, type AppError } from '../lib/errors.ts'

/** How many webhooks an owner may have: the network as many as it likes (null), a site what the setting says, 5 by default. */
export const roomFor = async (db: Db, owner: Owner): Promise<number | null> =>
  owner === 'network' ? null : Number(await setting(db, 'webhooks_per_site', '5'))

export const quotaReached = (room: number): AppError =>
  fail('quota_reached', 'This site has its {most} webhooks already. Delete one, or ask a network admin for more.', {
    most: room,
  })
