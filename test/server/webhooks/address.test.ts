import { readFileSync } from 'node:fs'
import { describe, expect, test, vi } from 'vitest'
import { checkAddresses, checkUrl, literalAddress } from '../../../server/webhooks/address.ts'

vi.setConfig({ testTimeout: 30_000 })

interface Vectors {
  readonly refuse: readonly string[]
  readonly allow: readonly string[]
  readonly dns: Readonly<Record<string, readonly string[] | string>>
}
const vectors = JSON.parse(readFileSync('test/vectors/ssrf.json', 'utf8')) as Vectors
const strict = { allow: [], ownHosts: ['hooks.example.net', '127.0.0.1:3000'] }

describe('a URL is refused', () => {
  test.each(vectors.refuse.map((raw) => [raw.slice(0, 80), raw]))('%j', (_, raw) => {
    expect(checkUrl(raw, strict).ok).toBe(false)
  })
  test.each([
    ' https://example.com/',
    'https://example.com/ ',
    'https://@example.com/',
    'https://:@example.com/',
    'https://loc\u00ADalhost/',
    'https://a!b.com/',
    'https://-a.com/',
    'https://example.com../',
    `https://${'a'.repeat(64)}.com/`,
    `https://${'a.'.repeat(130)}com/`,
    'https://hooks.example.net/bin/1',
    'https://hooks.example.net:8443/bin/1',
    'https://hooks.example.net./bin/1',
    'http://2606:4700::1111/',
    'https://[2606:4700::5efe:7f00:1]/',
    'https://example.com/\u0000',
    'https://example.com:2379/',
    '',
  ])('%j', (raw) => {
    expect(checkUrl(raw, strict).ok).toBe(false)
  })
})

describe('a URL is allowed', () => {
  test.each(vectors.allow)('%s', (raw) => {
    expect(checkUrl(raw, strict).ok).toBe(true)
  })
  test('with one trailing dot of its host taken off', () => {
    const checked = checkUrl('https://Example.com./hook', strict)
    expect(checked.ok && checked.url.href).toBe('https://example.com/hook')
  })
  test('with a mark when it is plain http', () => {
    expect(checkUrl('http://example.com/', strict)).toMatchObject({ ok: true, insecure: true })
    expect(checkUrl('https://example.com/', strict)).toMatchObject({ ok: true, insecure: false })
  })
  test('when it has exactly 2,048 characters, and not with one more', () => {
    const longest = 'https://example.com/'.padEnd(2048, 'a')
    expect(checkUrl(longest, strict).ok).toBe(true)
    expect(checkUrl(`${longest}a`, strict).ok).toBe(false)
  })
})

describe('OUTBOUND_ALLOW', () => {
  const loopback = { allow: ['127.0.0.0/8', 'localhost', 'db.internal'], ownHosts: ['127.0.0.1:3000'] }
  test.each([
    ['http://127.0.0.1:45123/hook', true],
    ['http://127.9.9.9/', true],
    ['http://localhost:45123/hook', true],
    ['http://LOCALHOST.:45123/hook', true],
    ['http://db.internal/', true],
    ['http://other.internal/', false],
    ['http://10.0.0.1/', false],
    ['http://[::1]:45123/', false],
    ['http://[::ffff:127.0.0.1]:45123/', false],
    ['http://127.0.0.1:3000/hook', false],
    ['http://127.0.0.1:22/', false],
    ['http://127.0.0.1:6379/', false],
  ])('%s: %s', (raw, ok) => {
    expect(checkUrl(raw, loopback).ok).toBe(ok)
  })
  test.each([
    ['169.254.0.0/16', '169.254.169.254', false],
    ['0.0.0.0/0', '168.63.129.16', false],
    ['169.254.169.254/32', '169.254.169.254', true],
    ['169.254.169.254', '169.254.169.254', true],
    ['169.254.0.0/16', '169.254.1.1', true],
    ['::/0', '::ffff:169.254.169.254', false],
    ['::/0', '64:ff9b::a9fe:a9fe', false],
    ['::/0', '2002:a9fe:a9fe::1', false],
    ['::/0', '2001:0:4136:e378:8000:63bf:5601:5601', false],
    ['::/0', 'fd00:ec2::254', false],
    ['fd00:ec2::254/128', 'fd00:ec2::254', true],
    ['inside.test', '169.254.169.254', false],
    ['inside.test', '10.0.0.5', true],
    ['Inside.Test.', '10.0.0.5', true],
    ['10.0.0.0/8', '10.0.0.5', true],
  ])('%s lets the name inside.test point to %s: %s', (allow, answer, ok) => {
    expect(checkAddresses('inside.test', [answer], { allow: [allow], ownHosts: [] })).toBe(ok)
  })
})

describe('the answers of a name server', () => {
  const lists = Object.entries(vectors.dns).filter((entry): entry is [string, string[]] => Array.isArray(entry[1]))
  test.each(lists)('%s', (name, answers) => {
    expect(checkAddresses(name, answers, strict)).toBe(name === 'public.test')
  })
  test('are refused when there are none, more than 16, or one is junk', () => {
    expect(checkAddresses('a.test', [], strict)).toBe(false)
    expect(checkAddresses('a.test', Array(16).fill('93.184.216.34'), strict)).toBe(true)
    expect(checkAddresses('a.test', Array(17).fill('93.184.216.34'), strict)).toBe(false)
    expect(checkAddresses('a.test', ['93.184.216.34', '2130706433'], strict)).toBe(false)
  })
})

describe('10,000 addresses of IPv4 in the clothes of IPv6', () => {
  const embeddings = {
    mapped: ({ high, low }) => `::ffff:${high}:${low}`,
    'mapped, with dots': ({ dotted }) => `::ffff:${dotted}`,
    compatible: ({ high, low }) => `::${high}:${low}`,
    translated: ({ high, low }) => `::ffff:0:${high}:${low}`,
    NAT64: ({ high, low }) => `64:ff9b::${high}:${low}`,
    'NAT64 of a network': ({ high, low }) => `64:ff9b:1::${high}:${low}`,
    '6to4': ({ high, low }) => `2002:${high}:${low}::1`,
    'Teredo, as the server': ({ high, low }) => `2001:0:${high}:${low}::1`,
    'Teredo, as the client': ({ inverted }) => `2001:0:4136:e378:8000:63bf:${inverted}`,
    ISATAP: ({ high, low }) => `2606:4700::5efe:${high}:${low}`,
    'ISATAP of a public address': ({ high, low }) => `2606:4700::200:5efe:${high}:${low}`,
    'ISATAP, link-local': ({ high, low }) => `fe80::5efe:${high}:${low}`,
  } satisfies Record<string, (address: ReturnType<typeof written>) => string>

  test.each(Object.entries(embeddings))('never get through: %s', (_, dress) => {
    const next = lehmer(20260719)
    const through: string[] = []
    for (let n = 0; n < 10_000; n++) {
      const ip = dress(written([next(256), next(256), next(256), next(256)]))
      if (checkAddresses('a.test', [ip], strict) || checkUrl(`https://[${ip}]/`, strict).ok) through.push(ip)
    }
    expect(through).toEqual([])
  })

  test('never get through without them either, where they are private', () => {
    const next = lehmer(20260719)
    const privates = [[10], [127], [169, 254], [172, 16], [192, 168], [100, 64], [0], [224], [198, 18]]
    const through: string[] = []
    for (let n = 0; n < 10_000; n++) {
      const octets: Octets = [next(256), next(256), next(256), next(256)]
      privates[next(privates.length)]?.forEach((octet, i) => (octets[i] = octet))
      const { dotted } = written(octets)
      if (checkAddresses('a.test', [dotted], strict) || checkUrl(`http://${dotted}/`, strict).ok) through.push(dotted)
    }
    expect(through).toEqual([])
    expect(checkAddresses('a.test', [written([93, 184, 216, 34]).dotted], strict)).toBe(true)
  })
})

type Octets = [number, number, number, number]

/** An address of IPv4, in the ways in which others hold it. */
function written([a, b, c, d]: Octets) {
  const hex = (x: number, y: number, mask = 0) => (((x << 8) | y) ^ mask).toString(16)
  return {
    dotted: `${a}.${b}.${c}.${d}`,
    high: hex(a, b),
    low: hex(c, d),
    inverted: `${hex(a, b, 0xffff)}:${hex(c, d, 0xffff)}`,
  }
}

test('random text never throws', () => {
  const next = lehmer(7)
  const pieces = [
    'http',
    's',
    '://',
    '/',
    '@',
    ':',
    '[',
    ']',
    '::',
    '.',
    '127',
    '%',
    '\\',
    '①',
    '\u00ad',
    'a',
    '#',
    '?',
    '0x',
    '。',
  ]
  for (let n = 0; n < 5000; n++) {
    const text = `${next(2) ? 'http://' : ''}${Array.from({ length: next(12) }, () => pieces[next(pieces.length)]).join('')}`
    expect(() => checkUrl(text, strict)).not.toThrow()
  }
})

test('a literal address is told from a name', () => {
  expect(literalAddress('[2606:4700::1111]')).toBe('2606:4700::1111')
  expect(literalAddress('1.1.1.1')).toBe('1.1.1.1')
  expect(literalAddress('1.1.1.1.example')).toBe(null)
})

/** Small numbers that are the same in every run. */
function lehmer(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state * 48271) % 2147483647
    return state % below
  }
}
