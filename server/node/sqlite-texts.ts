import type { RowByRow } from '../../db/db.ts'
import type { Line } from '../../db/driver.ts'

/** A statement on its way to the writer. Texts are long and few: each crosses once, and is a number from then on. */
export type Sent = readonly [text: string | number, parameters: Line[1], rows?: RowByRow['rows']]

/** When there are so many, both sides forget them all at the same text, and so always agree. */
const MOST_TEXTS = 1000

export function createSender(): (line: Line) => Sent {
  const numbers = new Map<string, number>()
  return ([text, ...rest]) => {
    const number = numbers.get(text)
    if (number !== undefined) return [number, ...rest]
    if (numbers.size === MOST_TEXTS) numbers.clear()
    numbers.set(text, numbers.size)
    return [text, ...rest]
  }
}

export function createTaker(): (sent: Sent) => Line {
  const texts: string[] = []
  return ([text, ...rest]) => {
    if (typeof text === 'number') return [texts[text] ?? '', ...rest]
    if (texts.length === MOST_TEXTS) texts.length = 0
    texts.push(text)
    return [text, ...rest]
  }
}
