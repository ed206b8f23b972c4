import type { Handlers } from '../../api/handlers.ts'
import type { Deps } from '../../deps.ts'
import { AppError, type FieldError } from '../../lib/errors.ts'
import { msg, type Message } from '../../lib/message.ts'
import { MOST_FILE_BYTES, parseSetUp } from '../../transfer/file.ts'
import { openSetUp, planImport, runImport, type Wanted } from '../../transfer/import.ts'
import { dropFile, keepFile, keptFile } from '../../transfer/kept-file.ts'
import { existing, type Existing } from '../../transfer/step.ts'
import type { C } from '../../web/env.ts'
import { seeOther } from '../../web/flash.ts'
import { errorsByPath, readForm } from '../../web/forms.ts'
import { readUpload } from '../../web/upload.ts'
import { faultsNotice, page, type Shown } from '../page.ts'
import { fingerprintOf, sectionsOf } from './plan.ts'

const PATH = '/network/import'

/**
 * A file is uploaded first, and kept for an hour while somebody looks at what it would do; only the second form does it.
 * What it would do is worked out anew each time, so that it is true of the network as it is.
 */
export const importRoutes = (deps: Deps): Handlers => ({
  'GET /network/import': (c) => uploadPage(c, deps),

  'POST /network/import': async (c) => {
    let choice: Existing = 'change'
    try {
      const { form, file } = await readUpload(c, 'file', MOST_FILE_BYTES)
      choice = existing.find((one) => one === form.get('existing')) ?? choice
      if (file === null) throw atFile('invalid', msg('Choose a file.'))
      const wanted = await openSetUp(deps, parseSetUp(file.bytes), form.get('passphrase'), choice)
      return c.redirect(`${PATH}/${await keepFile(deps, c.var.actor, wanted)}`, 303)
    } catch (error) {
      if (!(error instanceof AppError) || error.status >= 500) throw error
      const tooLarge = msg('A set-up has up to {max} MB; this file is larger.', { max: MOST_FILE_BYTES / 1024 / 1024 })
      return uploadPage(c, deps, choice, error.code === 'too_large' ? atFile('too_large', tooLarge) : error)
    }
  },

  'GET /network/import/:id': async (c) => {
    const wanted = await keptFile(deps, c.var.actor, c.req.param('id') ?? '')
    return wanted ? planPage(c, deps, wanted) : gone(c, deps)
  },

  'POST /network/import/:id': async (c) => {
    const { actor, t } = c.var
    const form = await readForm(c)
    const wanted = await keptFile(deps, actor, c.req.param('id') ?? '')
    if (!wanted) return gone(c, deps)
    const plan = await planImport(deps, actor, wanted)
    if ((await fingerprintOf(plan)) !== form.get('plan')) {
      const title = t('Something changed here since you looked.')
      const text = t('Nothing is imported yet. This is what would happen now.')
      return planPage(c, deps, wanted, { status: 409, notice: { tone: 'warn', title, text } })
    }
    const leaveOut = form.has('leave_out')
    if (plan.counts.refuse > 0 && !leaveOut) {
      const title = t('Nothing was imported.')
      const text = t('Some of the file is refused. Say that it shall be left out, or upload another file.')
      return planPage(c, deps, wanted, { status: 422, notice: { tone: 'bad', title, text } })
    }
    const { counts } = await runImport(deps, actor, wanted, { leaveOut })
    await dropFile(deps, actor)
    return seeOther(c, deps, PATH, {
      tone: 'good',
      title: msg('Imported: {created} created, {changed} changed.', { created: counts.create, changed: counts.change }),
      text: msg('All of it, each change with its entry, is in the audit log.'),
      link: { href: '/network/audit', label: msg('Go to Audit') },
    })
  },
})

const atFile = (code: 'invalid' | 'too_large', message: Message): AppError =>
  new AppError(code, message, [{ path: 'file', message }])

const gone = (c: C, deps: Deps): Response =>
  seeOther(c, deps, PATH, {
    tone: 'warn',
    title: msg('This upload has expired.'),
    text: msg('A file is kept for an hour, and for who uploaded it. Choose it again.'),
  })

const MOST_SHOWN = 20

function uploadPage(c: C, deps: Deps, choice: Existing = 'change', error: AppError | null = null): Promise<Response> {
  const { t } = c.var
  const found: readonly FieldError[] = error?.errors ?? []
  const fields = found.filter(({ path }) => path === 'passphrase' || path === 'file')
  // What is wrong inside of the file has no field on this page.
  const inFile = found.filter((one) => !fields.includes(one))
  const refused: Shown = {
    tone: 'bad',
    title: t('This file was not taken.'),
    text: inFile.length > 0 ? t('It is not what a set-up looks like:') : t.say(error?.detail ?? { text: '' }),
    items: inFile
      .slice(0, MOST_SHOWN)
      .map(({ path, message }) => ({ href: '#file', text: `${path}: ${t.say(message)}` })),
  }
  return page(c, deps, 'pages/transfer/import', {
    title: t('Import'),
    lead: t('Brings the set-up of a file into this network. First you see what would happen.'),
    ...(error && {
      status: error.status === 413 ? 413 : 422,
      notices: [fields.length > 0 ? faultsNotice(t, fields) : refused],
    }),
    data: { existing: choice, errors: errorsByPath(fields, t), most: MOST_FILE_BYTES / 1024 / 1024 },
  })
}

async function planPage(
  c: C,
  deps: Deps,
  wanted: Wanted,
  { status = 200, notice }: { readonly status?: 200 | 409 | 422; readonly notice?: Shown } = {},
): Promise<Response> {
  const { actor, t } = c.var
  const plan = await planImport(deps, actor, wanted)
  const { counts } = plan
  const locked: Shown = {
    tone: 'info',
    title: t('The secrets of this file stay closed.'),
    text: t('No passphrase was typed. To bring them along, upload the file again with its passphrase.'),
  }
  return page(c, deps, 'pages/transfer/plan', {
    title: t('What would happen'),
    crumbs: [{ href: PATH, label: t('Import') }],
    lead: t('Nothing is changed yet.'),
    status,
    notices: [...(notice ? [notice] : []), ...(wanted.locked ? [locked] : [])],
    data: {
      action: c.req.path,
      cancel: PATH,
      plan: await fingerprintOf(plan),
      counts,
      writes: counts.create + counts.change,
      sections: sectionsOf(t, plan),
    },
  })
}
