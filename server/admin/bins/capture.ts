import { captureById } from '../../../db/queries/bins.ts'
import type { BinTable, CaptureTable } from '../../../db/schema.ts'
import { auditEntry } from '../../access/audit.ts'
import { draftRules } from '../../api/draft-rules.ts'
import type { Handlers } from '../../api/handlers.ts'
import { limitTests } from '../../access/limits.ts'
import type { Deps } from '../../deps.ts'
import { fromBase64 } from '../../lib/base64.ts'
import { isoTime } from '../../lib/clock.ts'
import { fail, notFound } from '../../lib/errors.ts'
import { isId } from '../../lib/ids.ts'
import { checkUrl } from '../../webhooks/address.ts'
import { hiddenContext } from '../../webhooks/sealed.ts'
import { discreet } from '../../webhooks/outcome.ts'
import { mustSend } from '../../webhooks/sending.ts'
import type { C } from '../../web/env.ts'
import { readForm } from '../../web/forms.ts'
import type { Translator } from '../../web/i18n.ts'
import { readable } from '../../web/readable.ts'
import { adviceOn, answerOf } from '../answer.ts'
import { curlCommand } from '../curl.ts'
import { erasedOn } from '../erased.ts'
import { faultsNotice, type Shown } from '../page.ts'
import { binOf, binPage } from './bin.ts'
import { verdictWords } from './words.ts'

type Headers = readonly (readonly [string, string])[]

/** What was done with a request just now, for the page that shows it. */
export interface Opened {
  /** Its headers with nothing masked. */
  readonly headers?: Headers
  readonly notices?: readonly Shown[]
  /** Where it was to be sent again, and what is wrong with that. */
  readonly target?: string
  readonly problem?: string
}

export const captureRoutes = (deps: Deps): Handlers => ({
  'GET {area}/bins/:id/captures/:capture/body': async (c) => {
    const { capture } = await captureOf(c, deps)
    return file(fromBase64(capture.body), 'application/octet-stream', `${capture.id}.bin`)
  },

  'GET {area}/bins/:id/captures/:capture/fixture.json': async (c) => {
    const { capture } = await captureOf(c, deps)
    const { text, binary } = readable(fromBase64(capture.body))
    const fixture = {
      method: capture.method,
      query: capture.query,
      headers: JSON.parse(capture.headers) as Headers,
      ...(binary ? { body_base64: capture.body } : { body: text }),
      received_at: isoTime(capture.at),
      answered: capture.status,
    }
    return file(`${JSON.stringify(fixture, null, 2)}\n`, 'application/json', `${capture.id}.json`)
  },

  'POST {area}/bins/:id/captures/:capture/reveal': async (c) => {
    const { bin, capture } = await captureOf(c, deps)
    const audit = auditEntry(deps, c.var.actor, { action: 'capture.revealed', target: capture.id, owner: bin.owner })
    await deps.db.commit(audit)
    return binPage(c, deps, bin, { opened: { headers: await unmasked(deps, capture) } })
  },

  'POST {area}/bins/:id/captures/:capture/replay': async (c) => {
    const { actor, t } = c.var
    const { bin, capture } = await captureOf(c, deps)
    const target = (await readForm(c)).get('url').trim()
    const rules = await draftRules(deps, bin.owner, null, {})
    const checked = checkUrl(target, rules.address)
    if (!checked.ok) {
      const title = t('It was not sent again.')
      return binPage(c, deps, bin, {
        opened: {
          target,
          problem: t.say(checked.message),
          notices: [{ ...faultsNotice(t, [{ path: 'url', message: checked.message }]), title }],
        },
      })
    }
    await mustSend(deps)
    await limitTests(deps, actor.id)
    const audit = auditEntry(deps, actor, {
      action: 'capture.replayed',
      target: capture.id,
      owner: bin.owner,
      after: { host: checked.url.host },
    })
    await deps.db.commit(audit)
    const answer = await deps.post({
      url: checked.url.href,
      method: 'POST',
      headers: replayed(JSON.parse(capture.headers) as Headers),
      body: fromBase64(capture.body),
      timeoutMs: 15_000,
    })
    return binPage(c, deps, bin, { opened: { target, notices: [outcomeOf(t, checked.url.host, answer)] } })
  },
})

/** What goes out again: neither what the connection was made of, nor what is masked. */
const LEFT_OUT =
  /^(host|connection|content-length|transfer-encoding|accept-encoding|expect|te|upgrade|cf-.*|x-forwarded-.*)$/
const replayed = (headers: Headers): Headers =>
  headers.filter(([name, value]) => !LEFT_OUT.test(name) && !value.includes('…'))

function outcomeOf(t: Translator, host: string, answer: Awaited<ReturnType<Deps['post']>>): Shown {
  const { outcome, status, durationMs } = answer
  if (status === null) {
    const hidden = discreet(outcome)
    const text = hidden ? t(/* translated elsewhere */ hidden.error) : adviceOn(t, outcome, null).what
    return { tone: 'bad', title: t('It did not arrive.'), text }
  }
  const text = t('{host} answered {answer} in {time}.', {
    host,
    answer: answerOf(t, outcome, status),
    time: t.duration(durationMs),
  })
  return { tone: outcome === 'ok' ? 'good' : 'warn', title: t('The request was sent again.'), text }
}

/** The request of the URL, in its bin. Throws `not_found`, or `conflict` where nothing is left of it. */
async function captureOf(c: C, deps: Deps): Promise<{ bin: BinTable; capture: CaptureTable }> {
  const bin = await binOf(c, deps)
  const id = c.req.param('capture') ?? ''
  const capture = isId('cap', id) ? await captureById(deps.db, id) : undefined
  if (capture?.bin_id !== bin.id) throw notFound()
  if (capture.erased_at !== null) throw fail('conflict', 'Its data was erased. Nothing is left that could be sent.')
  return { bin, capture }
}

const unmasked = async ({ vault }: Deps, { id, headers, hidden }: CaptureTable): Promise<Headers> =>
  JSON.parse(hidden === null ? headers : await vault.open(hidden, hiddenContext(id))) as Headers

/** Never shown as a page: a stranger wrote it. */
const file = (body: BodyInit, type: string, name: string): Response =>
  new Response(body, {
    headers: {
      'content-type': type,
      'content-disposition': `attachment; filename="${name}"`,
      'content-security-policy': 'sandbox',
    },
  })

/** One request as the page shows it. */
export function shownCapture(
  t: Translator,
  capture: CaptureTable,
  about: { url: string; webhook: string | null; path: string; opened: Opened },
) {
  const masked = JSON.parse(capture.headers) as Headers
  const headers = about.opened.headers ?? masked
  const bytes = fromBase64(capture.body)
  const { text, binary } = readable(bytes)
  const url = capture.query === '' ? about.url : `${about.url}?${capture.query}`
  return {
    id: capture.id,
    at: capture.at,
    bytes: capture.bytes,
    cut: capture.bytes > bytes.length,
    erased: capture.erased_at === null ? null : erasedOn(t, capture.erased_at),
    query: capture.query,
    status: capture.status,
    verdict: verdictWords(t, capture.verdict, about.webhook),
    headers,
    hides: capture.hidden !== null && about.opened.headers === undefined,
    body: text,
    binary,
    path: `${about.path}/captures/${capture.id}`,
    target: about.opened.target ?? '',
    problem: about.opened.problem,
    curl: curlCommand({ url, headers: replayed(masked), body: binary ? null : text, file: `${capture.id}.bin` }),
  }
}
