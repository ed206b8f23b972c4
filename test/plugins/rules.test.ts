import { join } from 'node:path'
import { expect, test } from 'vitest'
import { breaches } from 'hookline/plugin/conformance'

test('the example keeps to the rules of plugins', async () => {
  const folder = join(import.meta.dirname, '../../plugins/example')
  expect(await breaches(() => import('../../plugins/example/plugin.ts'), { folder })).toEqual([])
})
