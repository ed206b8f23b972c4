import { describe, expect, test } from 'vitest'
import { ConfigError, readConfig } from '../server/config.ts'

function sentences(env: Record<string, string>): readonly string[] {
  try {
    readConfig(env)
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.sentences
    throw error
  }
}

describe('without settings', () => {
  test('the server is for this machine alone, with its data beside it, and sends', () => {
    expect(readConfig({})).toEqual({
      host: '127.0.0.1',
      port: 3000,
      publicUrl: null,
      dataDir: './data',
      databaseUrl: 'sqlite:./data/hookline.db',
      appSecret: null,
      appSecretPrevious: null,
      setupEmail: null,
      setupPassword: null,
      setupApiKey: null,
      setupToken: null,
      outboundAllow: [],
      delivery: true,
      safeMode: false,
      pluginDir: null,
      smtpUrl: null,
      logLevel: 'info',
      trustProxy: 0,
    })
  })

  test('an empty setting is none', () => {
    expect(readConfig({ PORT: '', APP_SECRET: '', OUTBOUND_ALLOW: '' })).toEqual(readConfig({}))
  })
})

test('good values are taken', () => {
  const config = readConfig({
    HOST: '::',
    PORT: '0',
    PUBLIC_URL: 'https://hooks.example.com/',
    DATA_DIR: '/srv/hookline',
    OUTBOUND_ALLOW: '127.0.0.0/8, fd00::/8 ,::1,intranet.example.com',
    DELIVERY: 'off',
    SAFE_MODE: '1',
    SMTP_URL: 'smtps://anna:hunter2@mail.example.com/?from=hooks@example.com',
    TRUST_PROXY: '2',
  })
  expect(config).toMatchObject({
    host: '::',
    port: 0,
    publicUrl: 'https://hooks.example.com',
    databaseUrl: 'sqlite:/srv/hookline/hookline.db',
    outboundAllow: ['127.0.0.0/8', 'fd00::/8', '::1', 'intranet.example.com'],
    delivery: false,
    safeMode: true,
    smtpUrl: 'smtps://anna:hunter2@mail.example.com/?from=hooks@example.com',
    trustProxy: 2,
  })
})

describe('a bad value is one sentence: name, what is wrong, what would be right', () => {
  const port = 'it has to be a whole number from 0 to 65535 (0 picks a free port).'
  const host = 'it has to be an address of this machine, such as 127.0.0.1, or 0.0.0.0 for all of them.'
  const address = 'it has to be an http or https address without a path, such as https://hooks.example.com.'
  const part = 'each part has to be a CIDR such as 127.0.0.0/8 or a host name.'
  test.each<[string, string, string]>([
    ['PORT', 'many', `PORT is "many"; ${port}`],
    ['PORT', '65536', `PORT is "65536"; ${port}`],
    ['PORT', '-1', `PORT is "-1"; ${port}`],
    ['PORT', '80.5', `PORT is "80.5"; ${port}`],
    ['HOST', 'my host', `HOST is "my host"; ${host}`],
    ['HOST', 'http://127.0.0.1', `HOST is "http://127.0.0.1"; ${host}`],
    ['PUBLIC_URL', 'hooks.example.com', `PUBLIC_URL is "hooks.example.com"; ${address}`],
    ['PUBLIC_URL', 'ftp://example.com', `PUBLIC_URL is "ftp://example.com"; ${address}`],
    ['PUBLIC_URL', 'https://example.com/hooks', `PUBLIC_URL is "https://example.com/hooks"; ${address}`],
    ['PUBLIC_URL', 'https://example.com/?a=b', `PUBLIC_URL is "https://example.com/?a=b"; ${address}`],
    ['OUTBOUND_ALLOW', '127.0.0.0/8,10.0.0.0/33', `OUTBOUND_ALLOW holds "10.0.0.0/33"; ${part}`],
    ['OUTBOUND_ALLOW', '999.0.0.0/8', `OUTBOUND_ALLOW holds "999.0.0.0/8"; ${part}`],
    ['OUTBOUND_ALLOW', 'http://example.com', `OUTBOUND_ALLOW holds "http://example.com"; ${part}`],
    ['DELIVERY', 'no', 'DELIVERY is "no"; it has to be on or off.'],
    ['SAFE_MODE', 'yes', 'SAFE_MODE is "yes"; it has to be 1 (or 0, or not set).'],
    ['LOG_LEVEL', 'loud', 'LOG_LEVEL is "loud"; it has to be debug, info, warn or error.'],
    ['TRUST_PROXY', '11', 'TRUST_PROXY is "11"; it has to be the number of proxies in front, 0 to 10.'],
    ['TRUST_PROXY', 'all', 'TRUST_PROXY is "all"; it has to be the number of proxies in front, 0 to 10.'],
  ])('%s=%s', (name, value, sentence) => {
    expect(sentences({ [name]: value })).toEqual([sentence])
  })

  test('settings that belong together', () => {
    expect(sentences({ SETUP_EMAIL: 'anna@example.com' })).toEqual([
      'SETUP_EMAIL and SETUP_PASSWORD belong together; set both or neither.',
    ])
    expect(sentences({ DATABASE_URL: 'postgres://localhost/hookline' })).toEqual([
      'APP_SECRET is not set; with PostgreSQL it has to be, 32 characters or more, the same on every machine.',
    ])
  })
})

test.each([
  ['APP_SECRET', 'hunter2', 'it has to be 32 characters or more.'],
  ['APP_SECRET_PREVIOUS', 'hunter2', 'it has to be 32 characters or more.'],
  [
    'SETUP_API_KEY',
    'hunter2 hunter2 hunter2 hunter2 hunter2',
    'it has to be 32 to 200 visible ASCII characters without spaces.',
  ],
  ['SETUP_TOKEN', 'hunter2', 'it has to be 32 characters or more.'],
  [
    'SMTP_URL',
    'https://anna:hunter2@mail.example.com',
    'it has to be an address such as smtp://user:password@mail.example.com:587.',
  ],
  ['SMTP_URL', 'smtp://', 'it has to be an address such as smtp://user:password@mail.example.com:587.'],
  [
    'DATABASE_URL',
    'mysql://root:hunter2@localhost/hookline',
    'it has to be sqlite:<file>, or an address that begins with postgres://.',
  ],
])('what is wrong with %s is said without its value', (name, value, right) => {
  expect(sentences({ [name]: value })).toEqual([`${name} is not usable as it is; ${right}`])
})

test('neither the password of the first super admin', () => {
  const wrong = sentences({ SETUP_EMAIL: 'anna', SETUP_PASSWORD: 'hunter2' })
  expect(wrong).toEqual([
    'SETUP_EMAIL is "anna"; it has to be an e-mail address.',
    'SETUP_PASSWORD is not usable as it is; it has to be 12 to 128 characters long.',
  ])
})

test('all that is wrong is said at once', () => {
  const wrong = sentences({ PORT: 'x', DELIVERY: 'x', LOG_LEVEL: 'x', TRUST_PROXY: 'x' })
  expect(wrong.map((sentence) => sentence.split(' ')[0])).toEqual(['PORT', 'DELIVERY', 'LOG_LEVEL', 'TRUST_PROXY'])
})
