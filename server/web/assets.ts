import { assets } from '../../views/assets.gen.ts'
import { notFound } from '../lib/errors.ts'
import type { C } from './env.ts'

const byFile = new Map(Object.values(assets).map((asset) => [asset.file, asset]))

/** The address of a file of views/assets. It holds a hash of the content, so that it may be kept for ever. */
export function asset(name: string): string {
  const found = assets[name]
  if (!found) throw new Error(`There is no views/assets/${name}.`)
  return `/assets/${found.file}`
}

/** `GET /assets/:file` */
export function serveAsset(c: C): Response {
  const found = byFile.get(c.req.param('file') ?? '')
  if (!found) throw notFound()
  return c.body(found.text, 200, { 'content-type': found.type, 'cache-control': 'public, max-age=31536000, immutable' })
}

/** `GET /favicon.ico`, for those who ask without reading the page. */
export const favicon = (c: C): Response => c.redirect(asset('mark.svg'), 302)
