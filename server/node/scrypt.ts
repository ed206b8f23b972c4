import { scrypt as derive } from 'node:crypto'
import type { Scrypt } from '../transfer/sealed-secrets.ts'

/** In a thread of its own: half a second that nobody waits for. */
export const scrypt: Scrypt = (passphrase, salt, { length, ...cost }) =>
  new Promise((resolve, reject) => {
    // Node's own limit is exactly what this takes, without a byte to spare.
    const maxmem = 256 * cost.N * cost.r
    derive(passphrase, salt, length, { ...cost, maxmem }, (error, key) =>
      error ? reject(error) : resolve(Uint8Array.from(key)),
    )
  })
