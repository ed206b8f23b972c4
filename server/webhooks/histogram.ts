/** How many attempts of an hour took how long, in steps that grow by half an octave: at most 31, whatever is slow. */
interface Bucket {
  readonly bucket: number
  readonly attempts: number
}

/** Step b holds what took longer than 2^((b-1)/2) ms and at most 2^(b/2) ms; step 0 up to one millisecond. */
export const bucketOf = (ms: number): number => Math.ceil(2 * Math.log2(Math.max(ms, 1)))

const upTo = (bucket: number): number => (bucket < 0 ? 0 : 2 ** (bucket / 2))

/**
 * The milliseconds within which this share (0.5, 0.95) of the attempts ended; null when there were none. Off by a step (a factor of 1.4) at most:
 * inside a step, attempts are taken to lie evenly.
 */
export function percentile(buckets: readonly Bucket[], share: number): number | null {
  const total = buckets.reduce((sum, { attempts }) => sum + attempts, 0)
  let left = share * total
  for (const { bucket, attempts } of buckets.toSorted((a, b) => a.bucket - b.bucket)) {
    if (attempts > 0 && left <= attempts) {
      const from = upTo(bucket - 1)
      return Math.round(from + ((upTo(bucket) - from) * left) / attempts)
    }
    left -= attempts
  }
  return null
}
