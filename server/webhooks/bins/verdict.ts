import type { Verdict } from '../../../db/schema.ts'
import type { Engine } from '../engine.ts'
import { createWebSign, createWebSignV1a, schemeOf, signedHeaders, TOLERANCE_SECONDS } from '../sign.ts'
import { openSecrets } from '../webhook-secrets.ts'

const sign = { v1: createWebSign(), v1a: createWebSignV1a() }

/**
 * Checks a request as a receiver would that holds every live secret of this webhook. Both schemes sign the same text the
 * same way each time, so that signing it again is checking it.
 */
export async function verdictOn(
  engine: Engine,
  webhookId: string | null,
  headers: ReadonlyMap<string, string>,
  body: string,
): Promise<Verdict> {
  const given = headers.get(signedHeaders.signature)
  if (given === undefined) return 'unsigned'
  if (webhookId === null) return 'unchecked'
  const { signing } = await openSecrets(engine, webhookId)
  if (signing.length === 0) return 'unchecked'
  const seconds = Number(headers.get(signedHeaders.timestamp))
  const id = headers.get(signedHeaders.id) ?? ''
  if (!Number.isSafeInteger(seconds)) return 'wrong'
  const right = await Promise.all(signing.map((secret) => sign[schemeOf(secret)](secret, id, seconds, body)))
  if (!given.split(' ').some((one) => right.includes(one))) return 'wrong'
  return Math.abs(engine.clock() / 1000 - seconds) <= TOLERANCE_SECONDS ? 'valid' : 'old'
}
