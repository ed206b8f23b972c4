import { firstSites, siteBySlugOrId } from '../../../db/queries/sites.ts'
import type { Deps } from '../../deps.ts'
import type { Owner } from '../../lib/actor.ts'
import type { EventType } from '../../plugin/host.ts'
import type { Translator } from '../../web/i18n.ts'
import type { C } from '../../web/env.ts'
import { describe, matches, readCondition } from '../../webhooks/condition.ts'
import { readConditionText } from './check.ts'
import type { WebhookForm } from './form.ts'
import { timestampWords } from './words.ts'

/** So many sites are ticked in a list; of more, slugs are typed. */
const FEW = 30

/** What the form offers to choose from, beside events and formats, and what the condition in it means. */
export async function choicesState(c: C, deps: Deps, form: WebhookForm, sample: EventType | undefined, owner: Owner) {
  const { t } = c.var
  return {
    timestamps: Object.entries(timestampWords(t)).map(([value, label]) => ({ value, label })),
    overlaps: overlapChoices(t),
    condition: conditionState(c, form, sample),
    sites: owner === 'network' ? await siteChoices(deps, form) : null,
  }
}

/** For how long the old one is good beside the new one, after a rotation. */
export const overlapChoices = (t: Translator) => [
  { value: '24', label: t('for 24 hours') },
  { value: '1', label: t('for 1 hour') },
  { value: '168', label: t('for 7 days') },
  { value: '0', label: t('no longer') },
]

/** The condition as a sentence, and whether the sample meets it; null where there is none that can be read. */
function conditionState({ var: { t } }: C, form: WebhookForm, sample: EventType | undefined) {
  const { json } = readConditionText(form.condition)
  const read = json === null ? null : readCondition(json)
  if (!read?.ok || !sample) return null
  return {
    words: describe(read.condition, t.say),
    event: sample.name,
    isMet: matches(read.condition, sample.sample),
  }
}

/** `list`: every site, with those ticked that were chosen by slug or id; null when they are too many. `slugs`: the chosen ones. */
async function siteChoices(deps: Deps, form: WebhookForm) {
  const all = await firstSites(deps.db, FEW + 1)
  if (all.length <= FEW) {
    const isChosen = ({ id, slug }: { id: string; slug: string }) =>
      form.sites.includes(id) || form.sites.includes(slug)
    const list = all.map((site) => ({ value: site.id, label: site.name, slug: site.slug, isChosen: isChosen(site) }))
    const known = new Set(all.flatMap(({ id, slug }) => [id, slug]))
    const gone = form.sites.filter((named) => !known.has(named))
    return { list: [...list, ...gone.map((value) => ({ value, label: value, slug: '', isChosen: true }))], slugs: '' }
  }
  const chosen = await Promise.all(form.sites.map((named) => siteBySlugOrId(deps.db, named)))
  return { list: null, slugs: form.sites.map((named, n) => chosen[n]?.slug ?? named).join(', ') }
}
