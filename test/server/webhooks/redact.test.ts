import { expect, test } from 'vitest'
import { maskHeaders, redactUrl, shortUrl } from '../../../server/webhooks/redact.ts'

test.each([
  ['https://example.com/', 'https://example.com/', 'example.com'],
  ['https://example.com', 'https://example.com/', 'example.com'],
  ['https://example.com:8443/hook', 'https://example.com:8443/hook', 'example.com:8443/…'],
  ['https://example.com/?key=abc', 'https://example.com/?…', 'example.com/…'],
  ['https://user:pass@example.com/a#frag', 'https://example.com/a', 'example.com/…'],
  ['https://example.com/customer-notifications/new', 'https://example.com/customer-notifications/new', 'example.com/…'],
  [
    'https://hooks.slack.com/services/T00/B00/XXXXxxxxXXXXxxxxXXXXxxxx',
    'https://hooks.slack.com/services/T00/B00/…',
    'hooks.slack.com/…',
  ],
  ['https://hook.eu1.make.com/0123456789abcdefghij', 'https://hook.eu1.make.com/…', 'hook.eu1.make.com/…'],
  ['https://x.example/3f2504e0-4f89-11d3-9a0c-0305e82c3301/in', 'https://x.example/…/in', 'x.example/…'],
  ['https://h.example/ingest/stripe/short/evt', 'https://h.example/ingest/stripe/…/evt', 'h.example/…'],
  ['https://h.example/bin/short', 'https://h.example/bin/…', 'h.example/…'],
  ['/ingest/stripe/short', '/ingest/stripe/…', '(not a URL)'],
  ['/setup?token=abc', '/setup?…', '(not a URL)'],
  ['/network/webhooks', '/network/webhooks', '(not a URL)'],
  ['not a url', '(not a URL)', '(not a URL)'],
  ['//example.com/x', '(not a URL)', '(not a URL)'],
])('%s is logged as %s and listed as %s', (url, logged, listed) => {
  expect(redactUrl(url)).toBe(logged)
  expect(shortUrl(url)).toBe(listed)
})

test('headers with credentials are masked, whatever their case, and the scheme stays', () => {
  expect(
    maskHeaders([
      ['authorization', 'Basic dTpw'],
      ['Authorization', 'Bearer abc'],
      ['proxy-authorization', 'whatever'],
      ['Set-Cookie', 'sid=1'],
      ['webhook-id', 'evt_1'],
    ]),
  ).toEqual([
    ['authorization', 'Basic …'],
    ['Authorization', 'Bearer …'],
    ['proxy-authorization', '…'],
    ['Set-Cookie', '…'],
    ['webhook-id', 'evt_1'],
  ])
})
