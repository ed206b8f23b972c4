import { z } from 'zod'
import { placeNames } from '../../../db/queries/privacy-places.ts'
import { roles } from '../../access/roles.ts'
import { id, time } from './operation.ts'

export const user = z.strictObject({
  id: id('usr'),
  name: z.string(),
  email: z.string(),
  role: z.enum(roles),
  site: z.string().nullable(),
  has_password: z.boolean(),
  two_factor: z.boolean(),
  created_at: time,
})
const link = {
  kind: z.enum(['invite', 'reset']),
  link: z.string(),
  link_until: time,
  mailed: z.boolean(),
}
export const invitedUser = user.extend(link)
export const resetLink = user.pick({ id: true, email: true }).extend(link)

export const privacyRequest = z.strictObject({
  id: id('prv'),
  address: z.string().nullable().meta({ description: 'forgotten when it is not needed any more' }),
  masked: z.string(),
  state: z.enum(['searching', 'found', 'erasing', 'erased', 'stopped']),
  waits: z.boolean().meta({ description: 'for something that is on its way' }),
  created_at: time,
  ended_at: time.nullable(),
  places: z.array(
    z.strictObject({
      place: z.enum(placeNames),
      looked: z.int().nullable(),
      found: z.int(),
      kept: z.boolean().meta({ description: 'whether erasing leaves it as it is' }),
    }),
  ),
})
/** By place. */
export const personalData = z.looseObject({ address: z.string(), searched_at: time.nullable() })

export const apiKey = z.strictObject({
  id: id('key'),
  name: z.string(),
  hint: z.string().meta({ description: 'the first characters of the key' }),
  scopes: z.array(z.string()),
  site: z.string().nullable(),
  state: z.enum(['active', 'expired', 'revoked']),
  maker: z.string().nullable().meta({ description: 'the person whose rights limit it' }),
  made_by: z.string().nullable().meta({ description: 'the key that created it' }),
  hooks: z.int().meta({ description: 'how many REST hooks it created; they end with it' }),
  created_at: time,
  rotated_at: time.nullable(),
  old_until: time.nullable().meta({ description: 'until when the previous key works as well' }),
  expires_at: time.nullable(),
  revoked_at: time.nullable(),
  last_used_at: time.nullable(),
})
export const madeKey = apiKey.extend({ key: z.string() })
export const revokedKey = apiKey.extend({ hooks_retired: z.int() })
export const keyRotated = z.strictObject({ id: id('key'), key: z.string(), overlap_hours: z.int(), old_until: time })
