/** A piece of TypeScript of a page in `docs/`, made whole. Its lines stand where they stand in the page. */
export interface Sample {
  readonly page: string
  /** The line of the page that opens its fence. */
  readonly line: number
  readonly module: string
}

const FENCE = /^```ts\n([\s\S]*?)^```$/gm
const FRAME = /^<!-- frame\n([\s\S]*?)^-->$/gm

/**
 * The TypeScript of a page, except what quotes a file. Code that is a whole module stands for itself. For the rest a
 * comment `<!-- frame … -->` says what it stands in, `…` being the place: one right in front of a fence is that fence's;
 * further fences without an import or export stand in it too, until there is another.
 */
export function samplesOf(page: string, text: string): readonly Sample[] {
  const lineAt = (index: number) => text.slice(0, index).split('\n').length
  const frames = Array.from(text.matchAll(FRAME), (found) => ({
    end: found.index + found[0].length,
    code: found[1] ?? '',
  }))
  return Array.from(text.matchAll(FENCE), ({ index, 1: code = '' }) => {
    const frame = frames.findLast(({ end }) => end < index)
    const framed = frame && (text.slice(frame.end, index).trim() === '' || !/^(import|export) /m.test(code))
    const [before = '', after = ''] = framed ? frame.code.split('…') : []
    const line = lineAt(index)
    const blank = '\n'.repeat(Math.max(0, line - before.split('\n').length))
    return { page, line, module: `${blank}${before}\n${code}${after}` }
  })
}
