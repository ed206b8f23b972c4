/** Now, in milliseconds UTC. Handed in, so that tests own time. */
export type Clock = () => number

/** Fresh random bytes. */
export type Random = (length: number) => Uint8Array

export const SECOND = 1000
export const MINUTE = 60 * SECOND
export const HOUR = 60 * MINUTE
export const DAY = 24 * HOUR

export const isoTime = (ms: number): string => new Date(ms).toISOString()
