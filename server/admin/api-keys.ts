import { countKeys, keyById, keyPage, oldOfKeys, type KeyView } from '../../db/queries/api-keys.ts'
import { createKey, keyState } from '../access/api-keys.ts'
import { wrongName } from '../access/person.ts'
import { grantable, scopes } from '../access/roles.ts'
import type { Handlers } from '../api/handlers.ts'
import type { Deps } from '../deps.ts'
import type { Owner } from '../lib/actor.ts'
import { DAY } from '../lib/clock.ts'
import type { FieldError } from '../lib/errors.ts'
import { newId } from '../lib/ids.ts'
import { msg } from '../lib/message.ts'
import type { C } from '../web/env.ts'
import { seeOther } from '../web/flash.ts'
import { errorsByPath, readForm } from '../web/forms.ts'
import { crumbs, keyEndPages, listOf } from './api-key-ends.ts'
import { capabilityInWords } from './capability-words.ts'
import { listing } from './listing.ts'
import { onceIn } from './once.ts'
import { faultsNotice, page } from './page.ts'
import { screenOf } from './screen.ts'
import { chosenSite, siteChoice } from './sites/choice.ts'

const LIFETIMES = ['', '30', '90', '365']

const keys = listing({
  word: 'state',
  views: ['active', 'expired', 'revoked'] satisfies KeyView[],
  columns: { name: 'name', used: 'last_used_at' },
  usual: { by: 'created_at', descending: true },
})

/** The keys of the network, with those of its sites, and in a site's own admin the keys of that site. */
export function apiKeyRoutes(deps: Deps): Handlers {
  const { list, form, make } = keyPages(deps)
  const { askRotate, rotate, askRevoke, revoke, bulk } = keyEndPages(deps)
  return {
    'GET /network/api-keys': list,
    'GET /network/api-keys/new': form,
    'POST /network/api-keys': make,
    'POST /network/api-keys/bulk': bulk,
    'GET /network/api-keys/:id/rotate': askRotate,
    'POST /network/api-keys/:id/rotate': rotate,
    'GET /network/api-keys/:id/revoke': askRevoke,
    'POST /network/api-keys/:id/revoke': revoke,
    'GET /sites/:slug/admin/api-keys': list,
    'GET /sites/:slug/admin/api-keys/new': form,
    'POST /sites/:slug/admin/api-keys': make,
    'POST /sites/:slug/admin/api-keys/bulk': bulk,
    'GET /sites/:slug/admin/api-keys/:id/rotate': askRotate,
    'POST /sites/:slug/admin/api-keys/:id/rotate': rotate,
    'GET /sites/:slug/admin/api-keys/:id/revoke': askRevoke,
    'POST /sites/:slug/admin/api-keys/:id/revoke': revoke,
  }
}

const keyPages = (deps: Deps) => ({
  list: async (c: C) => {
    const { scope, t } = c.var
    const now = deps.clock()
    const path = listOf(c)
    const words = { active: t('Active'), expired: t('Expired'), revoked: t('Revoked') }
    const asked = keys.read(c)
    const filter = { owner: scope.site && scope.owner, search: asked.q, now }
    const [screen, counts] = await Promise.all([screenOf(c, deps, 'api-keys'), countKeys(deps.db, filter)])
    const { slice, heads, frame } = keys.page(c, asked, { path, rows: screen.rows, words, counts })
    const rows = await keyPage(deps.db, { ...filter, view: asked.view }, slice)
    const old = await oldOfKeys(
      deps.db,
      rows.map(({ id }) => id),
      now,
    )
    return page(c, deps, 'pages/api-keys/list', {
      title: t('API Keys'),
      action: { href: `${path}/new`, label: t('Add New API Key') },
      lead: t('A key lets a program use the API. It can never do more than the person who made it may do.'),
      screen: screen.options,
      help: [
        t('A key is shown only once, when it is created. The list shows its first characters.'),
        t('A key that was revoked never opens again. It stays in the list, so that the audit log can be read.'),
      ],
      data: {
        shows: screen.shows,
        frame,
        heads,
        now,
        keys: rows.map((row) => ({
          id: row.id,
          name: row.name,
          hint: row.hint,
          scopes: JSON.parse(row.scopes) as string[],
          site: row.owner === 'network' ? null : (row.site ?? row.owner),
          maker: row.maker,
          lastUsedAt: row.last_used_at,
          expiresAt: row.expires_at,
          oldUntil: old.find(({ key_id: id }) => id === row.id)?.until ?? null,
          state: keyState(row, now),
        })),
      },
    })
  },

  form: (c: C) => addForm(c, deps, { ...nothing, id: newId('key', deps) }, []),

  make: async (c: C) => {
    const form = await readForm(c)
    const owner = await ownerOf(c, deps, form.get('site'))
    const id = onceIn(form, 'key', deps)
    const typed: Typed = {
      id,
      name: form.get('name').trim(),
      scopes: form.getAll('scopes'),
      site: form.get('site'),
      lifetime: form.get('lifetime'),
    }
    const errors = wrong(c, typed, owner)
    if (errors.length > 0 || owner === null) return addForm(c, deps, typed, errors)
    if (await keyById(deps.db, id)) return alreadyMade(c, deps)
    const expiresAt = typed.lifetime === '' ? null : deps.clock() + Number(typed.lifetime) * DAY
    const wanted = { id, name: typed.name, scopes: typed.scopes, owner, expiresAt }
    let made: { secret: string }
    try {
      made = await createKey(deps, c.get('actor'), wanted)
    } catch (error) {
      if (await keyById(deps.db, id)) return alreadyMade(c, deps)
      throw error
    }
    const t = c.get('t')
    return page(c, deps, 'pages/api-keys/made', {
      title: t('Your new API key'),
      crumbs: crumbs(c),
      status: 201,
      headers: { 'cache-control': 'no-store' },
      notices: [{ tone: 'good', title: t('API key created.'), text: t('Copy it now: it is shown only once.') }],
      data: { id, path: listOf(c), name: typed.name, secret: made.secret },
    })
  },
})

interface Typed {
  readonly id: string
  readonly name: string
  readonly scopes: readonly string[]
  readonly site: string
  /** Days, as the form says it; empty: for ever. */
  readonly lifetime: string
}
const nothing: Omit<Typed, 'id'> = { name: '', scopes: [], site: '', lifetime: '' }

/** Whose the key shall be: a site's in its own admin, else as the form says; null for a site that is not there. */
async function ownerOf(c: C, deps: Deps, typed: string): Promise<Owner | null> {
  if (c.var.scope.site) return c.var.scope.owner
  return typed === '' ? 'network' : ((await chosenSite(deps, typed))?.id ?? null)
}

function wrong(c: C, typed: Typed, owner: Owner | null): FieldError[] {
  const errors: FieldError[] = []
  const name = wrongName(typed.name)
  if (name) errors.push({ path: 'name', message: name })
  if (typed.scopes.length === 0) errors.push({ path: 'scopes', message: msg('Choose at least one scope.') })
  else if (grantable(c.get('actor'), typed.scopes, owner ?? 'network').length < new Set(typed.scopes).size) {
    errors.push({ path: 'scopes', message: msg('A key can do no more than you may do yourself.') })
  }
  if (owner === null) {
    errors.push({ path: 'site', message: msg('Choose one of the sites, or the whole network.') })
  }
  if (!LIFETIMES.includes(typed.lifetime)) {
    errors.push({ path: 'lifetime', message: msg('Choose one of the times.') })
  }
  return errors
}

/** The second of two clicks: the key stands, but its secret went out with the answer to the first. */
const alreadyMade = (c: C, deps: Deps): Response =>
  seeOther(c, deps, listOf(c), {
    tone: 'info',
    title: msg('This API key was made already.'),
    text: msg('It was shown once. Revoke it and make another one if you did not copy it.'),
  })

async function addForm(c: C, deps: Deps, typed: Typed, errors: readonly FieldError[]): Promise<Response> {
  const { scope, t } = c.var
  return page(c, deps, 'pages/api-keys/new', {
    title: t('Add New API Key'),
    crumbs: crumbs(c),
    ...(errors.length > 0 && { status: 422, notices: [faultsNotice(t, errors)] }),
    data: {
      ...typed,
      choices: scopes
        .filter((scope) => c.get('actor').capabilities.has(scope))
        .map((scope) => ({ scope, sentence: capabilityInWords(t, scope), checked: typed.scopes.includes(scope) })),
      path: listOf(c),
      choice: scope.site ? null : await siteChoice(deps, typed.site, t('The whole network')),
      lifetimes: LIFETIMES.map((days) => ({
        value: days,
        label: days === '' ? t('Never') : t('In {days} days', { days: Number(days) }),
      })),
      errors: errorsByPath(errors, t),
    },
  })
}
