import { keyById, keysById, keysMadeBy, oldOfKeys, type KeyRow } from '../../db/queries/api-keys.ts'
import { hooksOfKeys, keyAndItsKeys } from '../../db/queries/key-hooks.ts'
import { rotate } from '../access/api-keys.ts'
import { revoke } from '../access/key-end.ts'
import type { Deps } from '../deps.ts'
import { AppError, notFound } from '../lib/errors.ts'
import { isId } from '../lib/ids.ts'
import { msg } from '../lib/message.ts'
import type { C } from '../web/env.ts'
import { seeOther } from '../web/flash.ts'
import { readForm } from '../web/forms.ts'
import { overlaps, usualOverlap } from '../webhooks/rotate.ts'
import { bulkAction } from './bulk.ts'
import { page } from './page.ts'
import { overlapChoices } from './webhooks/choices.ts'

export const listOf = (c: C): string => `${c.var.scope.base}/api-keys`
export const crumbs = (c: C) => [{ href: listOf(c), label: c.var.t('API Keys') }]

/** As many are named before a key is revoked; of more it is said how many. */
const FEW = 10

/** *Rotate* and *Revoke*, each with the page that asks first, and *Revoke* for many. */
export const keyEndPages = (deps: Deps) => ({
  askRotate: async (c: C) => rotateForm(c, deps, await asked(c, deps)),

  rotate: async (c: C) => {
    const [key, form] = await Promise.all([asked(c, deps), readForm(c)])
    const overlap = overlaps.find((hours) => String(hours) === form.get('overlap_hours')) ?? usualOverlap
    // The second of two clicks brings what the first has changed: the new key went out with the answer to that.
    const seen = form.get('seen') === '' ? null : Number(form.get('seen'))
    let made: { readonly secret: string; readonly oldUntil: number }
    try {
      made = await rotate(deps, c.var.actor, key, { overlap, seen })
    } catch (error) {
      if (!(error instanceof AppError) || error.code === 'internal') throw error
      return rotateForm(c, deps, key, error)
    }
    const { t } = c.var
    const text =
      overlap === 0
        ? t('The old key no longer works.')
        : t('The old key works until {time}.', { time: t.dateTime(made.oldUntil) })
    return page(c, deps, 'pages/api-keys/made', {
      title: t('Your new API key'),
      crumbs: crumbs(c),
      headers: { 'cache-control': 'no-store' },
      notices: [{ tone: 'good', title: t('API key rotated. Copy the new one now: it is shown only once.'), text }],
      data: { id: key.id, path: listOf(c), name: key.name, secret: made.secret },
    })
  },

  askRevoke: async (c: C) => {
    const key = await asked(c, deps)
    const { t } = c.var
    const [hooks, keys] = await Promise.all([
      hooksOfKeys(deps.db, keyAndItsKeys(key.id), FEW + 1),
      keysMadeBy(deps.db, key.id, FEW + 1),
    ])
    return page(c, deps, 'pages/api-keys/revoke', {
      title: t('Revoke {name}?', { name: key.name }),
      crumbs: crumbs(c),
      data: {
        path: listOf(c),
        id: key.id,
        hint: key.hint,
        hooks: { few: hooks.slice(0, FEW), more: hooks.length > FEW, at: `${c.var.scope.base}/webhooks` },
        keys: { few: keys.slice(0, FEW), more: keys.length > FEW },
      },
    })
  },

  revoke: async (c: C) => {
    const key = await asked(c, deps)
    const { hooks } = key.revoked_at === null ? await revoke(deps, c.var.actor, key) : { hooks: 0 }
    return seeOther(c, deps, listOf(c), {
      tone: 'good',
      title: msg('{name} is revoked.', { name: key.name }),
      text:
        hooks === 0
          ? msg('Programs that use it are refused from now on.')
          : msg('Programs that use it are refused from now on. REST hooks retired with it: {hooks}.', { hooks }),
    })
  },

  bulk: (c: C) => {
    const { actor, scope, t } = c.var
    return bulkAction(c, deps, {
      list: listOf(c),
      isId: (text) => isId('key', text),
      acts: ['revoke'],
      read: async (ids) => (await keysById(deps.db, ids, scope.owner)).filter((key) => key.revoked_at === null),
      ask: (chosen) => ({
        before: 'revoke',
        title: t.n('Revoke 1 API key?', 'Revoke {count} API keys?', chosen.length),
        list: t('API Keys'),
        names: chosen.map(({ name, hint }) => `${name}, ${hint}…`),
        text: t(
          'Programs that use them are refused at once, and their REST hooks and the keys that they made end with them. A revoked key cannot be brought back.',
        ),
        button: t('Revoke'),
      }),
      run: async (chosen) => {
        let retired = 0
        for (const key of chosen) retired += (await revoke(deps, actor, key)).hooks
        return {
          tone: 'good',
          title: msg('API keys revoked: {count}.', { count: chosen.length }),
          ...(retired > 0 && { text: msg('REST hooks retired with them: {hooks}.', { hooks: retired }) }),
        }
      },
    })
  },
})

async function asked(c: C, deps: Deps): Promise<KeyRow> {
  const key = await keyById(deps.db, c.req.param('id') ?? '', c.var.scope.owner)
  if (!key) throw notFound()
  return key
}

async function rotateForm(c: C, deps: Deps, key: KeyRow, refused?: AppError): Promise<Response> {
  const { t } = c.var
  const [old] = await oldOfKeys(deps.db, [key.id], deps.clock())
  return page(c, deps, 'pages/api-keys/rotate', {
    title: t('Rotate {name}?', { name: key.name }),
    crumbs: crumbs(c),
    ...(refused && { status: refused.status, notices: [{ tone: 'bad', title: t.say(refused.detail) }] }),
    data: {
      path: listOf(c),
      id: key.id,
      hint: key.hint,
      seen: key.rotated_at ?? '',
      now: deps.clock(),
      lastUsedAt: key.last_used_at,
      old: old ? { hint: old.hint, until: old.until, lastUsedAt: old.last_used_at } : null,
      overlaps: overlapChoices(t),
    },
  })
}
