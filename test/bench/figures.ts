/** Figures, no judgement: on another machine only a ratio means something. */
export const SECONDS = Number(process.env.BENCH_SECONDS ?? 20)
export const PAIRS = Number(process.env.BENCH_PAIRS ?? 5)

export const figure = (n: number): string => Math.round(n).toLocaleString('en')
export const milliseconds = (n: number): string => `${n.toFixed(2)} ms`
export const ratio = (n: number): string => n.toFixed(2)

export const row = (...cells: readonly string[]): void =>
  console.log(cells.map((cell, n) => (n === 0 ? cell.padEnd(44) : cell.padStart(14))).join(''))

/** The value below which `part` (0 to 1) of them lie. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN
}

export const median = (values: readonly number[]): number => quantile(values, 0.5)

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)))
