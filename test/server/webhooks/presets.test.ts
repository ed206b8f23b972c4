import { expect, test } from 'vitest'
import { hookTitle, presetOf } from '../../../server/webhooks/presets.ts'

test.each([
  ['https://hooks.zapier.com/hooks/standard/1/abc/', 'zapier'],
  ['https://hook.eu1.make.com/abc', 'make'],
  ['https://hook.integromat.com/abc', 'make'],
  ['https://nord.app.n8n.cloud/webhook/abc', 'n8n'],
  ['https://prod-1.westeurope.logic.azure.com:443/workflows/abc?sig=x', 'power_automate'],
  ['https://abc.environment.api.powerplatform.com/powerautomate/x', 'power_automate'],
  ['https://hooks.zapier.com.evil.example/hooks', 'own'],
  ['https://nothooks.zapier.com/hooks', 'own'],
  ['https://webhook.make.com.example/', 'own'],
  ['not an address', 'own'],
])('%s is an address of %s', (url, name) => expect(presetOf(url).name).toBe(name))

test('a REST hook is called after its builder, and a webhook that a person made is not', () => {
  const url = 'https://hook.eu1.make.com/abc'
  expect(hookTitle({ origin: 'rest_hook', url })).toBe('Make')
  expect(hookTitle({ origin: 'rest_hook', url: 'https://example.com/' })).toBe('REST hook')
  expect(hookTitle({ origin: 'admin', url })).toBeNull()
})
