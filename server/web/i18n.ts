import { catalogs, type Catalog } from '../../views/catalogs.gen.ts'
import { DAY, HOUR, MINUTE, SECOND } from '../lib/clock.ts'
import { fill, type Message, type Params } from '../lib/message.ts'

export const locales = ['en', 'sv', 'nl', 'es', 'nb'] as const
export type Locale = (typeof locales)[number]

/**
 * Says things in one language and one time zone. The English text is the key: `t('At most {max} letters.', { max: 191 })`.
 * Numbers are written as the language does; hand a port or a code over as text. Times are milliseconds UTC.
 */
export interface Translator {
  (text: string, params?: Params): string
  /** `t.n('{count} delivery', '{count} deliveries', count)`: the place `{count}` fills itself. */
  n(one: string, other: string, count: number, params?: Params): string
  say(message: Message): string
  date(ms: number): string
  /** With seconds. */
  time(ms: number): string
  /** Hour and minute, two digits each. */
  clock(ms: number): string
  dateTime(ms: number): string
  /** From `now`: "2 minutes ago", "in 3 days". */
  ago(ms: number, now: number): string
  duration(ms: number): string
  number(value: number): string
  /** Of a share from 0 to 1. */
  percent(share: number): string
  bytes(count: number): string
  readonly locale: Locale
  readonly timeZone: string
}

const NEAREST: Readonly<Record<string, Locale>> = {
  en: 'en',
  sv: 'sv',
  nl: 'nl',
  es: 'es',
  nb: 'nb',
  no: 'nb',
  nn: 'nb',
}

const nearest = (tag: string): Locale | undefined => NEAREST[tag.trim().toLowerCase().split(/[-_]/)[0] ?? '']

/** The person's own choice, else the best that the browser asks for, else English. */
export function pickLocale(choice: string | null, acceptLanguage: string | null | undefined): Locale {
  const chosen = choice === null ? undefined : nearest(choice)
  if (chosen) return chosen
  const wishes = (acceptLanguage ?? '').split(',').map((wish) => {
    const [tag = '', ...options] = wish.split(';')
    const quality = options
      .find((option) => option.trim().startsWith('q='))
      ?.trim()
      .slice(2)
    return { locale: nearest(tag), quality: quality === undefined ? 1 : Number(quality) || 0 }
  })
  const best = wishes.filter(({ locale, quality }) => locale && quality > 0).sort((a, b) => b.quality - a.quality)[0]
  return best?.locale ?? 'en'
}

const made = new Map<string, Translator>()

const added = new Map<Locale, Catalog>()

/** Adds translations that came after the build. Of one text, ours is the translation that counts. */
export function addTexts(locale: Locale, catalog: Catalog): void {
  added.set(locale, { ...added.get(locale), ...catalog })
  made.clear()
}

/** The translator of a language and an IANA time zone. They are made once: `Intl` formatters are dear. */
export function translator(locale: Locale, timeZone = 'UTC'): Translator {
  const key = `${locale} ${timeZone}`
  const known = made.get(key)
  if (known) return known
  const fresh = makeTranslator(locale, timeZone, { ...added.get(locale), ...catalogs[locale] })
  made.set(key, fresh)
  return fresh
}

export function makeTranslator(locale: Locale, timeZone: string, catalog: Catalog): Translator {
  // Days before months and 24 hours: what an English reader outside America expects, and every other language here has.
  const region = locale === 'en' ? 'en-GB' : locale
  const dates = new Intl.DateTimeFormat(region, { dateStyle: 'medium', timeZone })
  const times = new Intl.DateTimeFormat(region, { timeStyle: 'medium', timeZone })
  const clock = new Intl.DateTimeFormat(region, { hour: '2-digit', minute: '2-digit', timeZone })
  const dateTimes = new Intl.DateTimeFormat(region, { dateStyle: 'medium', timeStyle: 'short', timeZone })
  const relative = new Intl.RelativeTimeFormat(region, { numeric: 'auto' })
  const numbers = new Intl.NumberFormat(region)
  const byteCount = new Intl.NumberFormat(region, { style: 'unit', unit: 'byte', unitDisplay: 'long' })
  const shares = new Intl.NumberFormat(region, { style: 'percent', maximumFractionDigits: 1 })
  const oneDigit = new Intl.NumberFormat(region, { maximumFractionDigits: 1 })

  const forms = (text: string): readonly string[] => {
    const found = Object.hasOwn(catalog, text) ? catalog[text] : undefined
    return found === undefined ? [] : typeof found === 'string' ? [found] : found
  }
  const local = (params: Params = {}): Params =>
    Object.fromEntries(
      Object.entries(params).map(([name, value]) => [name, typeof value === 'number' ? numbers.format(value) : value]),
    )
  const t = (text: string, params?: Params): string => fill(forms(text)[0] ?? text, local(params))

  return Object.assign(t, {
    n: (one: string, other: string, count: number, params?: Params) =>
      fill(count === 1 ? (forms(one)[0] ?? one) : (forms(one)[1] ?? other), local({ ...params, count })),
    say: (message: Message) => t(/* translated elsewhere */ message.text, message.params),
    date: (ms: number) => dates.format(ms),
    time: (ms: number) => times.format(ms),
    clock: (ms: number) => clock.format(ms),
    dateTime: (ms: number) => dateTimes.format(ms),
    ago: (ms: number, now: number) => {
      const [size, name] = stepOf(Math.abs(ms - now))
      return relative.format(Math.round((ms - now) / size), name)
    },
    // The symbols of SI are the same in every language.
    duration: (ms: number) =>
      ms < SECOND ? `${numbers.format(Math.round(ms))} ms` : `${oneDigit.format(ms / SECOND)} s`,
    number: (value: number) => numbers.format(value),
    percent: (share: number) => shares.format(share),
    bytes: (count: number) =>
      count < 1024
        ? byteCount.format(count)
        : count < 1024 ** 2
          ? `${oneDigit.format(count / 1024)} KiB`
          : `${oneDigit.format(count / 1024 ** 2)} MiB`,
    locale,
    timeZone,
  })
}

function stepOf(span: number): [number, Intl.RelativeTimeFormatUnit] {
  if (span < MINUTE) return [SECOND, 'second']
  if (span < HOUR) return [MINUTE, 'minute']
  return span < DAY ? [HOUR, 'hour'] : [DAY, 'day']
}
