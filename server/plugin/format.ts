import { releaseUnmade } from '../../db/queries/dispatch.ts'
import { MAIN_SITE, siteFor } from '../../db/queries/sites.ts'
import { MINUTE } from '../lib/clock.ts'
import { inEnglish, msg } from '../lib/message.ts'
import { isLonger } from '../lib/size.ts'
import type { FormatSummary } from '../webhooks/formats.ts'
import { formatFailed, formatMissing, UNMADE, type MadeBody, type MoreFormats } from '../webhooks/make-body.ts'
import type { Core } from './core.ts'
import { noteSuccess, presentable, recordFault } from './fault.ts'
import { sentenceOf, type Format } from './loaded.ts'
import { run } from './run.ts'

const MAX_BODY = 1024 * 1024

/** The formats of all plugins, as webhooks use them. */
export function pluginFormats(core: () => Core): MoreFormats {
  const found = (name: string): Format | undefined => core().formats.get(name)

  const make = async (
    name: string,
    event: { readonly id: string; readonly type: string } | null,
    use: (format: Format) => unknown,
  ): Promise<MadeBody> => {
    const format = found(name)
    if (!format || core().safeMode) return { ok: false, why: formatMissing(name) }
    const standing = await core().standings.anywhere(format.slug)
    if (!standing || standing.isMuted(format.id)) return asleep(name)
    const ran = await run(core(), format, core().limits.format, async () => textOf(await use(format)))
    if (!ran.ok) {
      const { error, ms } = ran
      await recordFault(core(), { handler: format, site: MAIN_SITE, event, error, ms, quiet: true })
      return failing(name, error)
    }
    await noteSuccess(core().engine, standing, format)
    return { ok: true, text: ran.value }
  }

  return {
    about: (name) => summary(found(name)),
    async offeredTo(owner) {
      const standing = core().safeMode ? undefined : await core().standings.at(siteFor(owner))
      const offered = [...core().formats.values()].filter(
        ({ slug, id }) => standing?.runs(slug) && !standing.isMuted(id),
      )
      return offered.flatMap((format) => summary(format) ?? [])
    },
    // Copies, so that what a format does to them stays its own.
    one: (name, event, network) => make(name, event, ({ about }) => about.one(structuredClone(event), { ...network })),
    many: (name, events, batch, network) =>
      make(name, null, ({ about }) => about.many(structuredClone(events), { ...batch }, { ...network })),
  }
}

function summary(format: Format | undefined): FormatSummary | undefined {
  if (!format) return undefined
  const { title, contentType, batchContentType } = format.about
  return { name: format.name, title, contentType, ...(batchContentType !== undefined && { batchContentType }) }
}

/** What a format gave as the text of a request: as it is, or as JSON. Throws what is wrong with it. */
function textOf(made: unknown): string {
  const text = typeof made === 'string' ? made : JSON.stringify(made)
  if (text === undefined) throw new Error('The format gave back nothing. It has to give a text, or a value of JSON.')
  if (isLonger(text, MAX_BODY)) throw new Error(`The body has more than ${MAX_BODY / 1024} KiB.`)
  if (text.includes('\u0000')) throw new Error('The body holds the character U+0000.')
  return text.toWellFormed()
}

const asleep = (format: string): MadeBody => ({
  ok: false,
  why: inEnglish(msg('The payload format {format} is not to be had: its plugin is paused or inactive.', { format })),
})

const failing = (format: string, error: unknown): MadeBody => ({
  ok: false,
  why: formatFailed(format, presentable(sentenceOf(error), 500)),
})

/** Lets what waited for a format try again, once a minute. */
export function releasing(core: () => Core): () => Promise<void> {
  let last = -Infinity
  return async () => {
    const { db, clock, wake } = core().engine
    if (core().safeMode || core().formats.size === 0 || clock() - last < MINUTE) return
    last = clock()
    for (const { name, slug, id } of core().formats.values()) {
      const standing = await core().standings.anywhere(slug)
      if (!standing || standing.isMuted(id)) continue
      const [released] = await db.commit([releaseUnmade(db, name, UNMADE, clock())])
      if ((released?.changes ?? 0) > 0) wake()
    }
  }
}
