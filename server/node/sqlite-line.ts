import type { Value } from '../../db/db.ts'
import type { Line } from '../../db/driver.ts'

/** A commit that waits to be written. */
export interface Item {
  readonly number: number
  /** Whether it goes first, and nobody waits until it lies on the disk. */
  readonly urgent: boolean
  /** Whether no other was on its way when this one left. */
  readonly alone: boolean
  readonly lines: readonly Line[]
}

/** Characters of its parameters tell how long a group takes: so many, about two milliseconds. */
const GROUP_TEXT = 40 * 1024

const textOf = ({ lines }: Item): number =>
  lines.reduce(
    (sum, [, parameters, rows = []]) => rows.reduce((so, row) => so + sizeOf(row), sum + sizeOf(parameters)),
    0,
  )

const sizeOf = (values: readonly Value[]): number =>
  values.reduce<number>((sum, value) => sum + (typeof value === 'string' ? value.length : 8), 0)

/** Commits in front of the writer, and which of them share the next transaction, and with it one flush to disk. */
export function createLine() {
  const urgent: Item[] = []
  const others: Item[] = []
  return {
    size: () => urgent.length + others.length,
    add(item: Item): void {
      ;(item.urgent ? urgent : others).push(item)
    },
    /** What is urgent first. A long line becomes many groups, so that what is urgent never waits for all of it. */
    next(): readonly Item[] {
      const group: Item[] = []
      let text = 0
      for (const line of [urgent, others]) {
        while (text < GROUP_TEXT) {
          const item = line.shift()
          if (!item) break
          group.push(item)
          text += textOf(item)
        }
      }
      return group
    },
  }
}
