import ipaddr from 'ipaddr.js'

type Ip = ipaddr.IPv4 | ipaddr.IPv6
export type Range = readonly [Ip, number]

const range = (cidr: string): Range => ipaddr.parseCIDR(cidr)

/** IPv4 ranges that are not globally reachable, or that no receiver has any business in. Source: IANA, RFC 6890. */
const refused4: readonly (readonly [Range, string])[] = [
  [range('0.0.0.0/8'), 'this host'],
  [range('10.0.0.0/8'), 'private'],
  [range('100.64.0.0/10'), 'carrier-grade NAT'],
  [range('127.0.0.0/8'), 'loopback'],
  [range('169.254.0.0/16'), 'link-local'],
  [range('172.16.0.0/12'), 'private'],
  [range('192.0.0.0/24'), 'protocol assignments'],
  [range('192.0.2.0/24'), 'documentation'],
  [range('192.88.99.0/24'), '6to4 relay'],
  [range('192.168.0.0/16'), 'private'],
  [range('198.18.0.0/15'), 'benchmarking'],
  [range('198.51.100.0/24'), 'documentation'],
  [range('203.0.113.0/24'), 'documentation'],
  [range('224.0.0.0/4'), 'multicast'],
  [range('240.0.0.0/4'), 'reserved'],
  [range('168.63.129.16/32'), 'cloud wire server'],
]

/** Only this is given out for the whole world; loopback, private, mapped, NAT64 and the rest lie outside of it. */
const global6 = range('2000::/3')

const refused6: readonly (readonly [Range, string])[] = [
  [range('2001::/23'), 'protocol assignments, Teredo'],
  [range('2001:db8::/32'), 'documentation'],
  [range('2002::/16'), '6to4'],
  [range('3fff::/20'), 'documentation'],
]

/** Where clouds hand their secrets to whoever asks from inside. */
const metadata = new Set(
  [
    '169.254.169.254',
    '169.254.170.2',
    '169.254.170.23',
    '100.100.100.200',
    '192.0.0.192',
    '168.63.129.16',
    'fd00:ec2::254',
    'fd00:ec2::23',
    'fd20:ce::254',
  ].map((address) => ipaddr.parse(address).toNormalizedString()),
)

/** Parses an address as a resolver or `URL.hostname` (without brackets) gives it; null for anything else. */
export function parseIp(text: string): Ip | null {
  if (text.includes(':')) return ipaddr.IPv6.isValid(text) ? ipaddr.IPv6.parse(text) : null
  return ipaddr.IPv4.isValidFourPartDecimal(text) ? ipaddr.IPv4.parse(text) : null
}

/** A CIDR, or one address, as an entry of OUTBOUND_ALLOW; null when it is neither. */
export function parseRange(text: string): Range | null {
  if (ipaddr.isValidCIDR(text)) return ipaddr.parseCIDR(text)
  const ip = parseIp(text)
  return ip && [ip, bits(ip)]
}

export const inRange = (ip: Ip, [start, length]: Range): boolean =>
  ip.kind() === start.kind() && ip.match(start, length)

/** Whether the range is this one address. */
export const isExactly = (ip: Ip, [start, length]: Range): boolean =>
  length === bits(ip) && inRange(ip, [start, length])

const bits = (ip: Ip): number => (ip.kind() === 'ipv4' ? 32 : 128)

/** What kind of address this is when it is not one of the public internet; null when it is. */
export function refusedKind(ip: Ip): string | null {
  if (ip instanceof ipaddr.IPv4) return refused4.find(([refused]) => inRange(ip, refused))?.[1] ?? null
  if (!inRange(ip, global6)) return 'not of the public internet'
  if (isIsatap(ip)) return 'ISATAP'
  return refused6.find(([refused]) => inRange(ip, refused))?.[1] ?? null
}

/** Whether it is, or carries inside, an address where a cloud gives out its secrets. */
export const isMetadata = (ip: Ip): boolean =>
  [ip, ...embedded(ip)].some((one) => metadata.has(one.toNormalizedString()))

/** Every IPv4 address that a router might unwrap from an IPv6 one: the reason not to trust an allowed IPv6 range alone. */
function embedded(ip: Ip): ipaddr.IPv4[] {
  if (ip instanceof ipaddr.IPv4) return []
  const [, b = 0, c = 0, , , , g = 0, h = 0] = ip.parts
  const v4 = (high: number, low: number) => new ipaddr.IPv4([high >> 8, high & 255, low >> 8, low & 255])
  // Last 32 bits: mapped, compatible, SIIT, NAT64, ISATAP. Bits 16 to 48: 6to4. Inverted last 32 bits: Teredo.
  return [v4(g, h), v4(b, c), v4(g ^ 0xffff, h ^ 0xffff)]
}

const isIsatap = (ip: ipaddr.IPv6): boolean => (ip.parts[4] === 0 || ip.parts[4] === 0x200) && ip.parts[5] === 0x5efe
