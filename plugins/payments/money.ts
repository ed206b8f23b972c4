/** Currencies that payments are recorded in. All of them have two decimals. */
export const currencies = ['SEK', 'NOK', 'EUR', 'DKK', 'USD', 'GBP'] as const
export type Currency = (typeof currencies)[number]

/**
 * Reads an amount as people write it, `249`, `249.00`, `249,5` or `1 249,50`, as whole minor units; null if it is none.
 * Never through a floating-point number: 1.15 * 100 is not 115. A mark for thousands is refused, as it may be either.
 */
export function parseAmount(text: string): number | null {
  const match = /^(\d{1,10})(?:[.,](\d{1,2}))?$/.exec(
    text.replaceAll(/(?<=\d)[ \u00a0\u202f](?=\d{3}(?!\d))/g, '').trim(),
  )
  return match ? Number(match[1]) * 100 + Number((match[2] ?? '').padEnd(2, '0')) : null
}

/** `24905` as `249.05`. */
export const formatAmount = (minor: number): string =>
  `${Math.floor(minor / 100)}.${String(minor % 100).padStart(2, '0')}`
