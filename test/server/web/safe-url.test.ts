import { expect, test } from 'vitest'
import { safeNext, safeUrl } from '../../../server/web/safe-url.ts'

const HOME = 'https://hooks.example.com'

test.each([
  ['/network/webhooks?state=failing#list', '/network/webhooks?state=failing#list'],
  ['https://hooks.example.com/account', '/account'],
  ['network', '/network'],
  ['', '/'],
  ['?page=2', '/?page=2'],
  ['//evil', null],
  ['/\\evil', null],
  ['\\\\evil', null],
  ['/\t/evil', null],
  ['/\n/evil', null],
  [' //evil', null],
  ['https:evil', '/evil'],
  ['https://evil.example', null],
  ['https://hooks.example.com.evil.example/', null],
  ['https://hooks.example.com@evil.example/', null],
  ['https://somebody@hooks.example.com/', null],
  ['http://hooks.example.com/', null],
  ['https://hooks.example.com:8443/', null],
  ['javascript:alert(1)', null],
  ['data:text/html,x', null],
  ['/x/..//evil.example', null],
  ['https://hooks.example.com//evil.example', null],
  ['/.//evil.example', null],
  ['https://[', null],
])('next=%j leads to %j', (next, path) => {
  expect(safeNext(next, HOME)).toBe(path)
})

test('a path that safeNext lets through stays on our host when it is followed', () => {
  for (const next of ['/a', 'https:evil', '?x', '/a/../b', '/%2f/evil']) {
    expect(new URL(safeNext(next, HOME) ?? '', HOME).origin).toBe(HOME)
  }
})

test.each([
  ['https://example.com/a', 'https://example.com/a'],
  ['mailto:ingrid@example.com', 'mailto:ingrid@example.com'],
  ['/network', '/network'],
  ['?cursor=x', '?cursor=x'],
  ['#name', '#name'],
  ['javascript:alert(1)', '#'],
  ['JaVaScRiPt:alert(1)', '#'],
  ['java\nscript:alert(1)', '#'],
  ['data:text/html,x', '#'],
  ['//evil.example', '#'],
  ['/\\evil.example', '#'],
  ['relative', '#'],
  ['', '#'],
])('the link %j is written as %j', (url, href) => {
  expect(safeUrl(url)).toBe(href)
})
