import type { Db } from '../../db/db.ts'
import { webhookById, type Webhook } from '../../db/queries/webhooks.ts'
import type { Owner } from '../lib/actor.ts'
import { notFound } from '../lib/errors.ts'
import { isId } from '../lib/ids.ts'

/** A webhook as its owner sees it; the network sees every site's too. What belongs to somebody else is not there. */
export async function ownWebhook(db: Db, owner: Owner, id: string): Promise<Webhook> {
  const webhook = isId('whk', id) ? await webhookById(db, id, owner) : undefined
  if (!webhook) throw notFound()
  return webhook
}
