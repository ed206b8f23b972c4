/** The tables of db/migrations, as Kysely sees them. Times are milliseconds UTC unless a comment says otherwise. */
export interface Database {
  must: { ok: number }
  counter: { name: string; value: number }
  setting: { name: string; value: string }
  site: SiteTable
  event: EventTable
  body: BodyTable
  webhook: WebhookTable
  webhook_event: { webhook_id: string; event_type: string }
  webhook_secret: WebhookSecretTable
  farewell: FarewellTable
  delivery: DeliveryTable
  attempt: AttemptTable
  delivery_hour: { webhook_id: string; hour: number; delivered: number; failed: number }
  /** How long the attempts of an hour took: how many in each step of server/webhooks/histogram.ts. */
  delivery_hour_bucket: { webhook_id: string; hour: number; bucket: number; attempts: number }
  user: UserTable
  session: SessionTable
  account: AccountTable
  verification: VerificationTable
  one_time_link: OneTimeLinkTable
  two_factor: { user_id: string; cipher: string; confirmed_at: number | null; last_step: number }
  recovery_code: { user_id: string; hash: string; used_at: number | null }
  throttle: { key: string; at: number; id: string }
  api_key: ApiKeyTable
  /** What keys were before they were rotated, and until when that opens. */
  api_key_old: { hash: string; key_id: string; hint: string; until: number; last_used_at: number | null }
  audit: AuditTable
  redelivery: RedeliveryTable
  mail: MailTable
  bin: BinTable
  user_screen: UserScreenTable
  capture: CaptureTable
  plugin_state: PluginStateTable
  plugin_site: PluginSiteTable
  plugin_cron: PluginCronTable
  plugin_record: PluginRecordTable
  plugin_index: { slug: string; site_id: string; collection: string; field: string; value: string; id: string }
  plugin_fault: PluginFaultTable
  plugin_guard: PluginGuardTable
  plugin_mute: { handler: string; slug: string; muted_at: number; muted_by: string }
  guard_hold: GuardHoldTable
  source: SourceTable
  source_log: SourceLogTable
  /** Requests with a token that nobody gave out, by kind of source. */
  source_stranger: { kind: string; requests: number; last_at: number }
  plugin_crash: { slug: string; at: number }
  privacy_request: PrivacyRequestTable
  /** A row that holds the address of a request; `name` is the JSON of its key. */
  privacy_hit: { request_id: string; place: string; name: string }
  /** A set-up that somebody uploaded, in sealed pieces, until it is imported or an hour old. */
  import_file: { id: string; n: number; user_id: string; cipher: string; created_at: number }
}

export type SiteState = 'active' | 'archived' | 'deleted'
export type WebhookState = 'active' | 'failing' | 'disabled' | 'retired'
/** Who made a webhook: a person, a script, or a builder such as Zapier, which subscribes and unsubscribes by itself. */
export type Origin = 'admin' | 'api' | 'rest_hook'
export type DeliveryState = 'pending' | 'delivering' | 'delivered' | 'retrying' | 'failed' | 'cancelled' | 'held'
export type AuthType = 'none' | 'basic' | 'bearer' | 'signature'
export type SecretKind = 'v1' | 'v1a' | 'password' | 'token' | 'headers'
export type Outcome =
  | 'ok'
  | 'http_error'
  | 'timeout'
  | 'connect'
  | 'dns'
  | 'tls'
  | 'blocked'
  | 'too_large'
  | 'redirect'
  | 'protocol'
  | 'unexpected'

/** `moving_below`: its deliveries in front of this `seq` have not followed its state yet; null when all have. */
export interface SiteTable {
  id: string
  slug: string
  name: string
  state: SiteState
  created_at: number
  deleted_at: number | null
  moving_below: number | null
}

/**
 * Something that happened. `payload` is JSON; `source` says who told us: `plugin:<slug>`, `api:<key id>`, `test:<user id>`.
 * `erased_at`, here and in the tables below: since when it is without what it carried, as somebody asked for that.
 */
export interface EventTable {
  id: string
  seq: number
  type: string
  site_id: string
  payload: string
  source: string
  test: number
  hops: number
  /** A `Trace` of server/lib/trace.ts. */
  trace: string | null
  idempotency_key: string | null
  fingerprint: string
  rejected: string | null
  occurred_at: number
  created_at: number
  heard_at: number | null
  erased_at: number | null
}

export interface BodyTable {
  owner_id: string
  format_key: string
  text: string
}

/**
 * A subscription. `owner` is `network` or a site's id; `retry_schedule` is a JSON array of seconds, `sites` one of ids
 * (empty: every site), `condition` the JSON of a condition on the payload, `delivery` that of a plan for batches. `format`
 * is a format's name and, behind a colon, its unusual option: it is also the key of the bytes in `body`. `signing` is JSON,
 * null where nothing is signed; `public_key` the one of the newest pair (v1a); `headers` a JSON array of names, whose
 * values are secrets.
 */
export interface WebhookTable {
  id: string
  /** What wu/v2 calls it by. */
  number: number
  integration: string
  owner: string
  origin: Origin
  name: string
  description: string
  url: string
  all_events: number
  format: string
  auth: AuthType
  username: string
  signing: string | null
  public_key: string | null
  headers: string
  timeout_seconds: number
  retry_schedule: string
  condition: string | null
  sites: string
  ordered: number
  rate_per_second: number | null
  delivery: string
  state: WebhookState
  state_reason: string | null
  revision: number
  consecutive_failures: number
  failing_since: number | null
  last_delivered_at: number | null
  last_delivery_at: number | null
  breaker_until: number | null
  breaker_step: number
  breaker_streak: number
  created_at: number
  created_by: string
  updated_at: number
}

/**
 * `kind`: `v1` or `v1a` (a signing secret), `password` (of Basic), `token` (of Bearer), `headers` (names and values as JSON).
 * `cipher` is what the vault made of it. One with `expires_at` was rotated, and signs beside its successor until then.
 */
export interface WebhookSecretTable {
  id: string
  webhook_id: string
  kind: SecretKind
  cipher: string
  created_by: string
  created_at: number
  expires_at: number | null
  taken_at: number | null
}

/** A REST hook that was deleted here, and whose builder is still to be told. */
export interface FarewellTable {
  webhook_id: string
  url: string
  due_at: number
  tries: number
}

/**
 * Event x webhook. `due_at` is also the end of the lease while `delivering`. `reason` is a sentence in English.
 * `batch_id` is '' while it waits for a batch, then the batch's id: a batch is a delivery of type `batch`, with members.
 * `half_of`: the batch that was too large for its receiver, of which this one is a half.
 * While a redelivery is under way, `resume_state` and `resume_at` keep what the schedule had in mind before it.
 */
export interface DeliveryTable {
  id: string
  seq: number
  event_id: string
  webhook_id: string
  site_id: string
  type: string
  test: number
  state: DeliveryState
  attempts: number
  due_at: number | null
  lease_owner: string | null
  last_outcome: Outcome | null
  last_status: number | null
  reason: string | null
  resume_state: DeliveryState | null
  resume_at: number | null
  batch_id: string | null
  half_of: string | null
  first_attempt_at: number | null
  created_at: number
  finished_at: number | null
  erased_at: number | null
}

/**
 * One HTTP try. Header columns are JSON arrays of [name, value], secrets masked, as they are in `url`. `url` and `format`,
 * that of the bytes sent, are null in rows of before they were written down.
 */
export interface AttemptTable {
  id: string
  delivery_id: string
  number: number
  started_at: number
  duration_ms: number
  outcome: Outcome
  status: number | null
  error: string | null
  request_headers: string
  response_headers: string
  response_body: string
  body_truncated: number
  redelivery: number
  url: string | null
  format: string | null
  erased_at: number | null
}

export type Role = 'super_admin' | 'integration_admin' | 'site_admin' | 'viewer'

/** A person. `siteId` is `network`, or the site that a site admin belongs to. Times are ISO text, as better-auth writes them. */
export interface UserTable {
  id: string
  name: string
  email: string
  emailVerified: number
  image: string | null
  role: Role
  siteId: string
  locale: string | null
  timeZone: string | null
  createdAt: string
  updatedAt: string
}

export interface SessionTable {
  id: string
  expiresAt: string
  token: string
  createdAt: string
  updatedAt: string
  ipAddress: string | null
  userAgent: string | null
  userId: string
  /** 1: the password was right, and the code of the authenticator app is still to come. */
  awaitsCode: number
}

/** `invite` lets in who has no password yet, `reset` who lost it. */
export interface OneTimeLinkTable {
  hash: string
  kind: 'invite' | 'reset'
  user_id: string
  until: number
  opened: number
}

export interface AccountTable {
  id: string
  accountId: string
  providerId: string
  userId: string
  accessToken: string | null
  refreshToken: string | null
  idToken: string | null
  accessTokenExpiresAt: string | null
  refreshTokenExpiresAt: string | null
  scope: string | null
  password: string | null
  createdAt: string
  updatedAt: string
}

export interface VerificationTable {
  id: string
  identifier: string
  value: string
  expiresAt: string
  createdAt: string
  updatedAt: string
}

/**
 * `hash` is SHA-256 in hex of the key; `hint` its first letters; `scopes` a JSON array; `owner` `network` or a site's id.
 * `made_by`: the key that made it, null where a person did. `ended_at`: its REST hooks were retired because it is too old.
 */
export interface ApiKeyTable {
  id: string
  name: string
  hash: string
  hint: string
  scopes: string
  owner: string
  user_id: string
  created_at: number
  expires_at: number | null
  last_used_at: number | null
  revoked_at: number | null
  made_by: string | null
  rotated_at: number | null
  ended_at: number | null
}

export interface AuditTable {
  id: string
  seq: number
  at: number
  actor_id: string
  actor_name: string
  address: string
  action: string
  target: string
  owner: string
  before: string | null
  after: string | null
  hash: string | null
}

export interface PluginStateTable {
  slug: string
  network_active: number
  installed_version: string
  paused_at: number | null
  paused_reason: string | null
  /** JSON: what a super admin set for the whole network. */
  settings: string
  /** When somebody uninstalled it; the row goes when everything else has gone. */
  removing_at: number | null
}

/** `version`: up to where the plugin's upgrade steps have run here. `settings`: JSON, as in plugin_state. */
export interface PluginSiteTable {
  slug: string
  site_id: string
  active: number
  version: string
  settings: string
}

/**
 * What a plugin has to do at set times. `site_id` '' is the clock of all sites: `due_at` is when it strikes next, and
 * `after_site` up to where the sites of this time were handed out. Any other row is one run that waits or is under way.
 */
export interface PluginCronTable {
  slug: string
  site_id: string
  id: string
  due_at: number
  lease_until: number
  after_site: string
}

export interface PluginRecordTable {
  slug: string
  site_id: string
  collection: string
  id: string
  data: string
  created_at: number
  updated_at: number
}

export type FaultState = 'open' | 'past' | 'cleared'

/** `handler` is its whole id, such as `shop/on:order_paid#0`. */
export interface PluginFaultTable {
  id: string
  slug: string
  site_id: string
  handler: string
  event_type: string | null
  event_id: string | null
  message: string
  stack: string
  duration_ms: number
  at: number
  state: FaultState
}

/** A handler at a guard point. `title` is its plugin's; `on_by_default`: whether that runs before anybody switches it. */
export interface PluginGuardTable {
  handler: string
  slug: string
  title: string
  on_by_default: number
}

/** An event that waits for the guard `handler`, which is asked again at `due_at`. `reason` is a sentence in English. */
export interface GuardHoldTable {
  event_id: string
  handler: string
  reason: string
  due_at: number
}

/** A mail that waits to be sent to a person. `about` is JSON; `error` what the mail server said the last time. */
export interface MailTable {
  id: string
  user_id: string
  about: string
  created_at: number
  due_at: number
  tries: number
  error: string | null
}

/** What failed at one webhook since a time, on its way again in steps of `seq`. */
export interface RedeliveryTable {
  id: string
  webhook_id: string
  owner: string
  after_seq: number
  until_seq: number
  total: number
  done: number
  state: 'running' | 'finished' | 'stopped'
  created_by: string
  created_at: number
}

/**
 * Where a sender posts. `token` and `secret` are sealed, `token_hash` is SHA-256 in hex; a rotated token holds until
 * `previous_until`. `settings` is JSON of the kind's own choices, `mapping` that of the event which a person chose.
 */
export interface SourceTable {
  id: string
  kind: string
  site_id: string
  name: string
  token: string
  token_hash: string
  previous_hash: string | null
  previous_until: number | null
  secret: string | null
  settings: string
  mapping: string | null
  state: 'active' | 'retired'
  revision: number
  taken: number
  refused: number
  last_taken_at: number | null
  last_refused_at: number | null
  created_at: number
  created_by: string
  updated_at: number
}

/** A request at a source. `reason` is the JSON of what was wrong with it, null where it was taken; `events` one of event types. */
export interface SourceLogTable {
  id: string
  source_id: string
  was_taken: number
  status: number
  reason: string | null
  events: string
  at: number
}

/** A request bin. `answer` is the JSON of what it says; `webhook_id` names the webhook whose signature it checks. */
export interface BinTable {
  id: string
  token: string
  owner: string
  name: string
  answer: string
  webhook_id: string | null
  /** How many requests ever came. */
  received: number
  created_at: number
  created_by: string
}

export type Verdict = 'valid' | 'wrong' | 'old' | 'unsigned' | 'unchecked'

/** A request that a bin caught. `bytes` is the length of the whole body, `body` base64 of what was kept of it. */
export interface CaptureTable {
  id: string
  bin_id: string
  at: number
  method: string
  query: string
  headers: string
  hidden: string | null
  body: string
  bytes: number
  verdict: Verdict
  status: number
  erased_at: number | null
}

/** How somebody wants a list. `hidden` is a JSON array of columns, `rows` how many stand on a page. */
export interface UserScreenTable {
  user_id: string
  screen: string
  hidden: string
  rows: number
}

export type PrivacyState = 'searching' | 'found' | 'erasing' | 'erased' | 'stopped'

/**
 * A search for the personal data of one e-mail address, and its erasure. `address` is null when it is not needed any more.
 * `progress` is JSON: where the walk stands, and what it found.
 */
export interface PrivacyRequestTable {
  id: string
  address: string | null
  masked: string
  state: PrivacyState
  progress: string
  steps: number
  created_by: string
  created_at: number
  ended_at: number | null
}
