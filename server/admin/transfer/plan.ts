import type { Json } from '../../lib/json.ts'
import type { Plan } from '../../transfer/import.ts'
import type { Item, Kind, Outcome } from '../../transfer/step.ts'
import type { Translator } from '../../web/i18n.ts'
import { sha256 } from '../../access/token.ts'

/** A page has room for so many of each outcome; the API tells all. */
const MOST_ROWS = 100
/** A page is for people: a longer value is cut. */
const LONGEST = 160

/** What an import would do, by what becomes of it: what stands in the way comes first. */
export function sectionsOf(t: Translator, { items, counts }: Plan) {
  const headings: Record<Outcome, string> = {
    refuse: t('Refused'),
    create: t('Created'),
    change: t('Changed'),
    skip: t('Left as it is'),
    same: t('The same already'),
  }
  const looks = {
    refuse: { tone: 'bad', icon: 'cross' },
    create: { tone: 'good', icon: 'plus' },
    change: { tone: 'info', icon: 'edit' },
    skip: { tone: 'idle', icon: 'pause' },
    same: { tone: 'idle', icon: 'check' },
  } as const
  return (['refuse', 'create', 'change', 'skip', 'same'] as const)
    .filter((outcome) => counts[outcome] > 0)
    .map((outcome) => {
      const all = items.filter((item) => item.outcome === outcome)
      return {
        outcome,
        heading: headings[outcome],
        ...looks[outcome],
        count: all.length,
        more: Math.max(0, all.length - MOST_ROWS),
        rows: all.slice(0, MOST_ROWS).map((item) => rowOf(t, item)),
      }
    })
}

const rowOf = (t: Translator, item: Item) => ({
  kind: kindName(t, item.kind),
  name: item.name,
  site: item.site,
  path: item.path,
  notes: item.notes.map((note) => t.say(note)),
  errors: item.errors.map(({ path, message }) => ({ path, text: t.say(message) })),
  changes: item.changes.map(({ field, before, after }) => ({ field, before: textOf(before), after: textOf(after) })),
})

function kindName(t: Translator, kind: Kind): string {
  const names: Record<Kind, string> = {
    settings: t('Settings'),
    site: t('Site'),
    plugin: t('Plugin'),
    person: t('Person'),
    webhook: t('Webhook'),
    source: t('Source'),
  }
  return names[kind]
}

function textOf(value: Json): string {
  if (value === null) return '–'
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text
}

/** Changes when anything would come out otherwise than what somebody looked at. */
export const fingerprintOf = ({ items }: Plan): Promise<string> => sha256(JSON.stringify(items))
