/** `major.minor.patch` */
export const isVersion = (text: string): boolean => /^\d+\.\d+\.\d+$/.test(text)

/** Below zero where the first is the earlier one. */
export function compareVersions(a: string, b: string): number {
  const have = b.split('.').map(Number)
  for (const [i, part] of a.split('.').map(Number).entries()) {
    const other = have[i] ?? 0
    if (part !== other) return part - other
  }
  return 0
}
