import type { Db } from '../../db/db.ts'
import { setting } from '../../db/queries/settings.ts'
import type { Owner } from '../lib/actor.ts'
import { fail, type AppError } from '../lib/errors.ts'

/** How many webhooks an owner may have, as the settings say; null for as many as it likes. */
export async function roomFor(db: Db, owner: Owner): Promise<number | null> {
  const most = await setting(db, owner === 'network' ? 'webhooks_per_network' : 'webhooks_per_site')
  return most === '' ? null : Number(most)
}

export const quotaReached = (owner: Owner, room: number): AppError =>
  owner === 'network'
    ? fail('quota_reached', 'The network has its {most} webhooks already. Delete one, or allow more under Settings.', {
        most: room,
      })
    : fail('quota_reached', 'This site has its {most} webhooks already. Delete one, or ask a network admin for more.', {
        most: room,
      })
