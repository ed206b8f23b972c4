/** A colour of admin.css in both schemes. */
interface Colour {
  readonly name: string
  readonly light: string
  readonly dark: string
}

/** The colour tokens of a style sheet: `--page: light-dark(#f4f6f8, #111a21);`, or one value for both schemes. */
export const coloursOf = (css: string): Colour[] =>
  Array.from(
    css.matchAll(/--([\w-]+): (?:light-dark\((#\w+), (#\w+)\)|(#\w+));/g),
    ([, name = '', light, dark, both = '']) => ({ name, light: light ?? both, dark: dark ?? both }),
  )

export interface Pair {
  readonly front: string
  readonly ground: string
  readonly light: number
  readonly dark: number
  /** What WCAG asks for: 4.5 for words, 3 for borders and bars. */
  readonly least: number
}

const GROUNDS = ['page', 'surface', 'sunken', 'accent-soft']
const SOFT = ['good-soft', 'warn-soft', 'bad-soft']
const pairs = (fronts: readonly string[], grounds: readonly string[], least: number) =>
  fronts.flatMap((front) => grounds.map((ground) => ({ front, ground, least })))

const USED = [
  ...pairs(['text', 'muted', 'accent'], [...GROUNDS, ...SOFT], 4.5),
  ...pairs(['good', 'warn', 'bad'], ['page', 'surface', 'sunken'], 4.5),
  ...['good', 'warn', 'bad'].map((tone) => ({ front: tone, ground: `${tone}-soft`, least: 4.5 })),
  ...pairs(['batch'], GROUNDS, 4.5),
  ...pairs(['on-frame', 'on-frame-muted', 'float'], ['frame', 'frame-up'], 4.5),
  ...pairs(['edge'], ['page', 'surface', 'accent-soft'], 3),
  ...pairs(['fill', 'ok', 'ko'], ['page', 'surface'], 3),
]

/** How far the colours that meet on our pages stand apart. */
export function contrasts(colours: readonly Colour[]): Pair[] {
  const by = new Map(colours.map((colour) => [colour.name, colour]))
  return USED.map((pair) => {
    const [front, ground] = [by.get(pair.front), by.get(pair.ground)]
    if (!front || !ground) throw new Error(`admin.css has no colour --${front ? pair.ground : pair.front}.`)
    return { ...pair, light: contrast(front.light, ground.light), dark: contrast(front.dark, ground.dark) }
  })
}

/** WCAG's contrast ratio of two colours, 1 to 21. */
function contrast(one: string, other: string): number {
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b)
  return (light + 0.05) / (dark + 0.05)
}

function luminance(hex: string): number {
  const digits = hex.length === 4 ? hex.slice(1).replace(/./g, '$&$&') : hex.slice(1)
  const [red = 0, green = 0, blue = 0] = [0, 2, 4].map((at) => {
    const value = Number.parseInt(digits.slice(at, at + 2), 16) / 255
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}
