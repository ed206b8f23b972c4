import type { FormatBatch, FormatEvent, FormatNetwork } from '../lib/format.ts'
import type { Owner } from '../lib/actor.ts'
import { AppError } from '../lib/errors.ts'
import { inEnglish, msg } from '../lib/message.ts'
import type { Engine } from './engine.ts'
import { formatOf, renderBatch, renderBody, type FormatSummary } from './formats.ts'
import { formatNetwork } from './network.ts'

/** A body, or why there is none. `why` is English. */
export type MadeBody = { readonly ok: true; readonly text: string } | { readonly ok: false; readonly why: string }

/** The formats that plugins add. Their names begin with the plugin's slug and a dot. */
export interface MoreFormats {
  /** What a loaded plugin says of its format, also while that plugin does not run. */
  about(name: string): FormatSummary | undefined
  /** The ones that a webhook of this owner can choose now. */
  offeredTo(owner: Owner): Promise<readonly FormatSummary[]>
  /** Never throws: what fails in a plugin is kept as its fault. */
  one(name: string, event: FormatEvent, network: FormatNetwork): Promise<MadeBody>
  many(name: string, events: readonly FormatEvent[], batch: FormatBatch, network: FormatNetwork): Promise<MadeBody>
}

type Deps = Pick<Engine, 'db' | 'publicUrl' | 'formats'>

/** How the reason begins of deliveries that are held because their body could not be made. */
export const UNMADE = 'The payload format '

/** The body of one event in the format that a key stands for. */
export async function makeBody(engine: Deps, key: string, event: FormatEvent): Promise<MadeBody> {
  const network = await formatNetwork(engine)
  const found = formatOf(key)
  if (found) return made(key, () => renderBody(found.format, event, network, found.options))
  return engine.formats ? engine.formats().one(key, event, network) : { ok: false, why: formatMissing(key) }
}

/** The body of a batch. */
export async function makeBatch(
  engine: Deps,
  key: string,
  events: readonly FormatEvent[],
  batch: FormatBatch,
): Promise<MadeBody> {
  const network = await formatNetwork(engine)
  const found = formatOf(key)
  if (found) return made(key, () => renderBatch(found.format, events, batch, network, found.options))
  return engine.formats ? engine.formats().many(key, events, batch, network) : { ok: false, why: formatMissing(key) }
}

function made(format: string, render: () => string): MadeBody {
  try {
    return { ok: true, text: render() }
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    return { ok: false, why: formatFailed(format, error.message) }
  }
}

/** What there is to say of the format that a key stands for; undefined when nobody provides it. */
export const aboutFormat = ({ formats }: Pick<Engine, 'formats'>, key: string): FormatSummary | undefined =>
  formatOf(key)?.format ?? formats?.().about(key)

export const formatFailed = (format: string, error: string): string =>
  inEnglish(msg('The payload format {format} failed: {error}', { format, error }))

export const formatMissing = (format: string): string =>
  inEnglish(msg('The payload format {format} is not there: its plugin is missing or cannot run.', { format }))
