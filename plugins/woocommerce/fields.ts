import { z } from 'zod'

/** WooCommerce's own names. Ids are texts, amounts texts with a point, times ISO 8601 in UTC; what is not known is null. */
export const id = z.string().min(1)
export const text = z.string().nullable()
export const time = z.iso.datetime().nullable()

/** What is left of a thing that was deleted. */
export const onlyId = z.looseObject({ id })
