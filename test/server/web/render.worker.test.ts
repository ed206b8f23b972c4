import { expect, test } from 'vitest'
import { example } from '../../../server/admin/styleguide.ts'
import { translator } from '../../../server/web/i18n.ts'
import { render } from '../../../server/web/render.ts'

test('templates render where code from strings is refused', () => {
  const t = translator('nb', 'Europe/Oslo')
  const html = render('pages/styleguide/styleguide', { t, base: '/network', ...example(Date.UTC(2026, 8, 14)) })
  expect(html).toContain('<table class="list-table">')
  expect(html).toContain('<time datetime="2026-09-14T00:00:00.000Z">14. sep. 2026, 02:00</time>')
})
