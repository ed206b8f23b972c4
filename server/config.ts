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

const whole = z.string().regex(/^\d+$/).transform(Number)
const secret = z.string().min(32)
const origin = z
  .string()
  .refine((text) => {
    const url = URL.parse(text)
    if (url === null || !/^https?:$/.test(url.protocol)) return false
    return url.pathname === '/' && !url.search && !url.hash && !url.username
  })
  .transform((text) => text.replace(/\/$/, ''))

/** What each setting may be, and the same in words. What is `hidden` is not repeated when it is wrong. */
const rules = {
  HOST: {
    schema: z.union([z.ipv6(), z.string().regex(HOST)]),
    right: 'an address of this machine, such as 127.0.0.1, or 0.0.0.0 for all of them',
  },
  PORT: { schema: whole.pipe(z.int().max(65535)), right: 'a whole number from 0 to 65535 (0 picks a free port)' },
  PUBLIC_URL: {
    schema: origin,
    right: 'an http or https address without a path, such as https://hooks.example.com',
  },
  DATABASE_URL: {
    schema: z.string().regex(/^(sqlite:.+|postgres(ql)?:\/\/.+)$/),
    right: 'sqlite:<file>, or an address that begins with postgres://',
    hidden: true,
  },
  APP_SECRET: { schema: secret, right: '32 characters or more', hidden: true },
  APP_SECRET_PREVIOUS: { schema: secret, right: '32 characters or more', hidden: true },
  SETUP_EMAIL: { schema: z.email(), right: 'an e-mail address' },
  SETUP_PASSWORD: { schema: z.string().min(12).max(128), right: '12 to 128 characters long', hidden: true },
  SETUP_API_KEY: {
    schema: z.string().regex(/^[\x21-\x7e]{32,200}$/),
    right: '32 to 200 visible ASCII characters without spaces',
    hidden: true,
  },
  SETUP_TOKEN: { schema: secret, right: '32 characters or more', hidden: true },
  DELIVERY: { schema: z.enum(['on', 'off']).transform((word) => word === 'on'), right: 'on or off' },
  SAFE_MODE: { schema: z.enum(['0', '1']).transform((word) => word === '1'), right: '1 (or 0, or not set)' },
  SMTP_URL: {
    schema: z.string().refine((text) => /^smtps?:$/.test(URL.parse(text)?.protocol ?? '') && URL.parse(text)?.hostname),
    right: 'an address such as smtp://user:password@mail.example.com:587',
    hidden: true,
  },
  LOG_LEVEL: { schema: z.enum(['debug', 'info', 'warn', 'error']), right: 'debug, info, warn or error' },
  TRUST_PROXY: { schema: whole.pipe(z.int().max(10)), right: 'the number of proxies in front, 0 to 10' },
} satisfies Record<string, { readonly schema: z.ZodType; readonly right: string; readonly hidden?: boolean }>

type Name = keyof typeof rules
type Value<N extends Name> = z.output<(typeof rules)[N]['schema']>

/** Reads the settings. Throws a ConfigError with one sentence per bad value: name, what is wrong, what would be right. */
export function readConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const wrong: string[] = []
  const get = (name: string): string | null => env[name] || null
  const checked = <N extends Name>(name: N): Value<N> | null => {
    const raw = get(name)
    if (raw === null) return null
    const { schema, right, hidden = false }: { schema: z.ZodType; right: string; hidden?: boolean } = rules[name]
    const parsed = schema.safeParse(raw)
    if (parsed.success) return parsed.data as Value<N>
    wrong.push(`${name} is ${hidden ? 'not usable as it is' : JSON.stringify(raw)}; it has to be ${right}.`)
    return null
  }
  const dataDir = get('DATA_DIR') ?? './data'
  const config: Config = {
    host: checked('HOST') ?? '127.0.0.1',
    port: checked('PORT') ?? 3000,
    publicUrl: checked('PUBLIC_URL'),
    dataDir,
    databaseUrl: checked('DATABASE_URL') ?? `sqlite:${dataDir}/hookline.db`,
    appSecret: checked('APP_SECRET'),
    appSecretPrevious: checked('APP_SECRET_PREVIOUS'),
    setupEmail: checked('SETUP_EMAIL'),
    setupPassword: checked('SETUP_PASSWORD'),
    setupApiKey: checked('SETUP_API_KEY'),
    setupToken: checked('SETUP_TOKEN'),
    outboundAllow: (get('OUTBOUND_ALLOW') ?? '')
      .split(',')
      .map((part) => part.trim())
      .filter(Boolean),
    delivery: checked('DELIVERY') ?? true,
    safeMode: checked('SAFE_MODE') ?? false,
    pluginDir: get('PLUGIN_DIR'),
    smtpUrl: checked('SMTP_URL'),
    logLevel: checked('LOG_LEVEL') ?? 'info',
    trustProxy: checked('TRUST_PROXY') ?? 0,
  }
  for (const part of config.outboundAllow) {
    if (!NET.safeParse(part).success && !HOST.test(part))
      wrong.push(
        `OUTBOUND_ALLOW holds ${JSON.stringify(part)}; each part has to be a CIDR such as 127.0.0.0/8 or a host name.`,
      )
  }
  if ((get('SETUP_EMAIL') === null) !== (get('SETUP_PASSWORD') === null)) {
    wrong.push('SETUP_EMAIL and SETUP_PASSWORD belong together; set both or neither.')
  }
  if (config.databaseUrl.startsWith('postgres') && get('APP_SECRET') === null) {
    wrong.push('APP_SECRET is not set; with PostgreSQL it has to be, 32 characters or more, the same on every machine.')
  }
  if (wrong.length > 0) throw new ConfigError(wrong)
  return config
}
