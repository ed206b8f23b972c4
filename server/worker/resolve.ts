import { resolve4, resolve6 } from 'node:dns/promises'
import type { Resolve } from '../webhooks/address.ts'

/** Asks for both kinds of addresses; having only one kind is no failure, having none is. */
export const resolveName: Resolve = async (name) => {
  const found = await Promise.allSettled([resolve4(name), resolve6(name)])
  const addresses = found.flatMap((one) => (one.status === 'fulfilled' ? one.value : []))
  if (addresses.length === 0) throw new Error(`${name} has no address.`)
  return addresses
}
