import { z } from 'zod'

/** Settings from the environment, checked once at start. Names and defaults are the contract's. */
export interface Config {
  readonly host: string
  readonly port: number
  /** Without a path or a trailing slash. Null until the address is known (PORT=0, no PUBLIC_URL). */
  readonly publicUrl: string | null
  readonly dataDir: string
  readonly databaseUrl: string
  readonly appSecret: string | null
  readonly appSecretPrevious: string | null
  readonly setupEmail: string | null
  readonly setupPassword: string | null
  readonly setupApiKey: string | null
  readonly setupToken: string | null
  readonly outboundAllow: readonly string[]
  readonly delivery: boolean
  readonly safeMode: boolean
  /** A folder of further plugins. Read on Node alone. */
  readonly pluginDir: string | null
  /** Where mail goes out; null: nowhere. */
  readonly smtpUrl: string | null
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error'
  readonly trustProxy: number
}

export class ConfigError extends Error {
  readonly sentences: readonly string[]
  constructor(sentences: readonly string[], options?: ErrorOptions) {
    super(sentences.join('\n'), options)
    this.name = 'ConfigError'
    this.sentences = sentences
  }
}

const NET = z.union([z.cidrv4(), z.cidrv6(), z.ipv6()])
const HOST = /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i

/** Reads the settings. Throws a ConfigError with one sentence per bad value: name, what is wrong, what would be right. */
export function readConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const wrong: string[] = []
  const get = (name: string): string | null => (env[name] === undefined || env[name] === '' ? null : env[name])
  const check = <T>(name: string, schema: z.ZodType<T>, fallback: T, right: string, secret = false): T => {
    const raw = get(name)
    if (raw === null) return fallback
    const parsed = schema.safeParse(raw)
    if (parsed.success) return parsed.data
    wrong.push(`${name} is ${secret ? 'not usable as it is' : JSON.stringify(raw)}; it has to be ${right}.`)
    return fallback
  }
  const whole = z.string().regex(/^\d+$/).transform(Number)
  const origin = z.string().refine((text) => {
    const url = URL.parse(text)
    return (
      url !== null &&
      /^https?:$/.test(url.protocol) &&
      url.pathname === '/' &&
      !url.search &&
      !url.hash &&
      !url.username
    )
  })
  const config: Config = {
    host: check(
      'HOST',
      z.union([z.ipv6(), z.string().regex(HOST)]),
      '127.0.0.1',
      'an address of this machine, such as 127.0.0.1, or 0.0.0.0 for all of them',
    ),
    port: check('PORT', whole.pipe(z.int().max(65535)), 3000, 'a whole number from 0 to 65535 (0 picks a free port)'),
    publicUrl:
      check(
        'PUBLIC_URL',
        origin,
        null as string | null,
        'an http or https address without a path, such as https://hooks.example.com',
      )?.replace(/\/$/, '') ?? null,
    dataDir: get('DATA_DIR') ?? './data',
    databaseUrl:
      check(
        'DATABASE_URL',
        z.string().regex(/^(sqlite:.+|postgres(ql)?:\/\/.+)$/),
        '',
        'sqlite:<file>, or an address that begins with postgres://',
        true,
      ) || `sqlite:${get('DATA_DIR') ?? './data'}/hookline.db`,
    appSecret: check('APP_SECRET', z.string().min(32), null as string | null, '32 characters or more', true),
    appSecretPrevious: check(
      'APP_SECRET_PREVIOUS',
      z.string().min(32),
      null as string | null,
      '32 characters or more',
      true,
    ),
    setupEmail: check('SETUP_EMAIL', z.email(), null as string | null, 'an e-mail address'),
    setupPassword: check(
      'SETUP_PASSWORD',
      z.string().min(12).max(128),
      null as string | null,
      '12 to 128 characters long',
      true,
    ),
    setupApiKey: check(
      'SETUP_API_KEY',
      z.string().regex(/^[\x21-\x7e]{32,200}$/),
      null as string | null,
      '32 to 200 visible ASCII characters without spaces',
      true,
    ),
    setupToken: check('SETUP_TOKEN', z.string().min(32), null as string | null, '32 characters or more', true),
    outboundAllow: (get('OUTBOUND_ALLOW') ?? '')
      .split(',')
      .map((part) => part.trim())
      .filter(Boolean),
    delivery: check(
      'DELIVERY',
      z.enum(['on', 'off']).transform((word) => word === 'on'),
      true,
      'on or off',
    ),
    safeMode: check(
      'SAFE_MODE',
      z.enum(['0', '1']).transform((word) => word === '1'),
      false,
      '1 (or 0, or not set)',
    ),
    pluginDir: get('PLUGIN_DIR'),
    smtpUrl: check(
      'SMTP_URL',
      z.string().refine((text) => /^smtps?:$/.test(URL.parse(text)?.protocol ?? '') && URL.parse(text)?.hostname),
      null as string | null,
      'an address such as smtp://user:password@mail.example.com:587',
      true,
    ),
    logLevel: check('LOG_LEVEL', z.enum(['debug', 'info', 'warn', 'error']), 'info', 'debug, info, warn or error'),
    trustProxy: check('TRUST_PROXY', whole.pipe(z.int().max(10)), 0, 'the number of proxies in front, 0 to 10'),
  }
  for (const part of config.outboundAllow) {
    if (!NET.safeParse(part).success && !HOST.test(part))
      wrong.push(
        `OUTBOUND_ALLOW holds ${JSON.stringify(part)}; each part has to be a CIDR such as 127.0.0.0/8 or a host name.`,
      )
  }
  if ((config.setupEmail === null) !== (config.setupPassword === null)) {
    wrong.push('SETUP_EMAIL and SETUP_PASSWORD belong together; set both or neither.')
  }
  if (config.databaseUrl.startsWith('postgres') && config.appSecret === null) {
    wrong.push('APP_SECRET is not set; with PostgreSQL it has to be, 32 characters or more, the same on every machine.')
  }
  if (wrong.length > 0) throw new ConfigError(wrong)
  return config
}
