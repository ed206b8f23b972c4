import type { Line } from '../../db/driver.ts'

/** A statement on its way to the writer. Texts are long and few: each crosses once, and is a number from then on. */
export type Sent = readonly [text: string | number, parameters: Line[1]]

/** When there are so many, both sides forget them all at the same text, and so always agree. */
const MOST_TEXTS = 1000

export function createSender(): (line: Line) => Sent {
  const numbers = new Map<string, number>()
  return ([text, parameters]) => {
    const number = numbers.get(text)
    if (number !== undefined) return [number, parameters]
    if (numbers.size === MOST_TEXTS) numbers.clear()
    numbers.set(text, numbers.size)
    return [text, parameters]
  }
}

export function createTaker(): (sent: Sent) => Line {
  const texts: string[] = []
  return ([text, parameters]) => {
    if (typeof text === 'number') return [texts[text] ?? '', parameters]
    if (texts.length === MOST_TEXTS) texts.length = 0
    texts.push(text)
    return [text, parameters]
  }
}
