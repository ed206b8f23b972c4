-- The whole of Hookline's first schema, in the subset that SQLite, D1 and PostgreSQL share:
-- text ids, bigint milliseconds (UTC), text for JSON, 0/1 integers, partial indexes. Never edited after it landed.

-- A rule that has to hold is a statement: insert into must select 0 where <rule broken>. It aborts the whole commit.
create table must (ok integer not null check (ok = 1));

-- Raising a counter takes its row lock, so that seq is the order of commits on every engine.
create table counter (name text primary key, value bigint not null);
insert into counter (name, value) values ('event', 0), ('audit', 0), ('webhooks', 0), ('plugins', 0);

create table setting (name text primary key, value text not null);

create table site (
  id text primary key,
  slug text not null unique,
  name text not null,
  state text not null default 'active',
  created_at bigint not null
);
insert into site (id, slug, name, state, created_at) values ('sit_main', 'main', 'Main site', 'active', 0);

create table event (
  id text primary key,
  seq bigint not null unique,
  type text not null,
  site_id text not null,
  payload text not null,
  source text not null,
  test integer not null,
  hops integer not null,
  idempotency_key text,
  fingerprint text not null,
  rejected text,
  occurred_at bigint not null,
  created_at bigint not null,
  heard_at bigint
);
create unique index event_idempotency on event (site_id, idempotency_key) where idempotency_key is not null;
create index event_type on event (type, seq);
create index event_site on event (site_id, seq);
create index event_unheard on event (seq) where heard_at is null;
create index event_test on event (seq) where test = 1;

-- The exact bytes that are signed and sent: one row per event and format.
create table body (
  owner_id text not null,
  format_key text not null,
  text text not null,
  primary key (owner_id, format_key)
);

-- owner: 'network', or the id of the site whose webhook it is.
create table webhook (
  id text primary key,
  owner text not null,
  name text not null,
  description text not null,
  url text not null,
  all_events integer not null,
  format text not null,
  auth text not null,
  username text not null,
  signing text,
  public_key text,
  headers text not null,
  timeout_seconds integer not null,
  retry_schedule text not null,
  condition text,
  sites text not null,
  ordered integer not null,
  rate_per_second integer,
  delivery text not null,
  state text not null,
  state_reason text,
  revision integer not null,
  consecutive_failures integer not null default 0,
  failing_since bigint,
  last_delivered_at bigint,
  last_delivery_at bigint,
  breaker_until bigint,
  breaker_step integer not null default 0,
  breaker_streak integer not null default 0,
  created_at bigint not null,
  created_by text not null,
  updated_at bigint not null
);
create index webhook_owner on webhook (owner, created_at);

create table webhook_event (
  webhook_id text not null,
  event_type text not null,
  primary key (webhook_id, event_type)
);
create index webhook_event_type on webhook_event (event_type, webhook_id);

-- webhook_id is 'unsaved' while a form still carries the handle (this id) of a generated secret.
create table webhook_secret (
  id text primary key,
  webhook_id text not null,
  kind text not null,
  cipher text not null,
  created_by text not null,
  created_at bigint not null,
  expires_at bigint,
  taken_at bigint
);
create index webhook_secret_webhook on webhook_secret (webhook_id, kind);

create table delivery (
  id text primary key,
  seq bigint not null,
  event_id text not null,
  webhook_id text not null,
  site_id text not null,
  type text not null,
  test integer not null,
  state text not null,
  attempts integer not null,
  due_at bigint,
  lease_owner text,
  last_outcome text,
  last_status integer,
  reason text,
  resume_state text,
  resume_at bigint,
  first_attempt_at bigint,
  created_at bigint not null,
  finished_at bigint,
  -- '' while it waits for a batch to close, then the id of the batch: a delivery itself, of type 'batch', that is claimed
  -- and retried for all of its members.
  batch_id text,
  half_of text,
  -- What is open has a time, and nothing else has: delivery_due rests on it.
  check ((due_at is not null) = (state in ('pending', 'retrying', 'delivering') and batch_id is null))
);
create unique index delivery_event on delivery (event_id, webhook_id);
create index delivery_due on delivery (webhook_id, due_at) where due_at is not null;
create index delivery_open on delivery (webhook_id, seq) where due_at is not null;
create index delivery_batch on delivery (batch_id, webhook_id, seq) where batch_id is not null;
create index delivery_held on delivery (webhook_id) where state = 'held';
create index delivery_test on delivery (seq, id) where test = 1;
create index delivery_seq on delivery (seq, id);
create index delivery_state on delivery (state, seq, id);
create index delivery_webhook on delivery (webhook_id, seq, id);
create index delivery_site on delivery (site_id, seq, id);
create index delivery_type on delivery (type, seq, id);

-- Append-only. Response bytes are base64: they are somebody else's.
create table attempt (
  id text primary key,
  delivery_id text not null,
  number integer not null,
  started_at bigint not null,
  duration_ms integer not null,
  outcome text not null,
  status integer,
  error text,
  request_headers text not null,
  response_headers text not null,
  response_body text not null,
  body_truncated integer not null,
  redelivery integer not null
);
create unique index attempt_delivery on attempt (delivery_id, number);

-- What the charts read, so that no graph ever scans the log. hour: milliseconds of the hour's start.
create table delivery_hour (
  webhook_id text not null,
  hour bigint not null,
  delivered integer not null,
  failed integer not null,
  primary key (webhook_id, hour)
);
create index delivery_hour_hour on delivery_hour (hour);

-- People. The four tables of better-auth, in its default names; times are ISO text.
create table "user" (
  id text primary key,
  name text not null,
  email text not null unique,
  "emailVerified" integer not null,
  image text,
  role text not null,
  "siteId" text not null,
  locale text,
  "createdAt" text not null,
  "updatedAt" text not null
);
create table session (
  id text primary key,
  "expiresAt" text not null,
  token text not null unique,
  "createdAt" text not null,
  "updatedAt" text not null,
  "ipAddress" text,
  "userAgent" text,
  "userId" text not null
);
create index session_user_id on session ("userId");
create index session_expires_at on session ("expiresAt");
create table account (
  id text primary key,
  "accountId" text not null,
  "providerId" text not null,
  "userId" text not null,
  "accessToken" text,
  "refreshToken" text,
  "idToken" text,
  "accessTokenExpiresAt" text,
  "refreshTokenExpiresAt" text,
  scope text,
  password text,
  "createdAt" text not null,
  "updatedAt" text not null
);
create index account_user_id on account ("userId");
create table verification (
  id text primary key,
  identifier text not null,
  value text not null,
  "expiresAt" text not null,
  "createdAt" text not null,
  "updatedAt" text not null
);
create index verification_identifier on verification (identifier);

-- Failed log-ins and other counted things, by key and time.
create table throttle (key text not null, at bigint not null, id text not null, primary key (key, at, id));
create index throttle_at on throttle (at);

create table api_key (
  id text primary key,
  name text not null,
  hash text not null unique,
  hint text not null,
  scopes text not null,
  owner text not null,
  user_id text not null,
  created_at bigint not null,
  expires_at bigint,
  last_used_at bigint,
  revoked_at bigint
);

-- Append-only. hash is filled in order of seq by the tick: it chains each row to the one before.
create table audit (
  id text primary key,
  seq bigint not null unique,
  at bigint not null,
  actor_id text not null,
  actor_name text not null,
  address text not null,
  action text not null,
  target text not null,
  owner text not null,
  before text,
  after text,
  hash text
);
create index audit_unsealed on audit (seq) where hash is null;

create table plugin_state (
  slug text primary key,
  network_active integer not null,
  installed_version text not null,
  paused_at bigint,
  paused_reason text
);
create table plugin_site (
  slug text not null,
  site_id text not null,
  active integer not null,
  version text not null,
  settings text not null,
  primary key (slug, site_id)
);
create index plugin_site_site on plugin_site (site_id);
create table plugin_record (
  slug text not null,
  site_id text not null,
  collection text not null,
  id text not null,
  data text not null,
  created_at bigint not null,
  updated_at bigint not null,
  primary key (slug, site_id, collection, id)
);
create index plugin_record_made on plugin_record (slug, site_id, collection, created_at, id);
create table plugin_index (
  slug text not null,
  site_id text not null,
  collection text not null,
  field text not null,
  value text not null,
  id text not null,
  primary key (slug, site_id, collection, field, value, id)
);
create index plugin_index_id on plugin_index (slug, site_id, collection, id);

-- state: 'open' until its handler succeeds again, then 'past'; 'cleared' once somebody resumed the plugin.
create table plugin_fault (
  id text primary key,
  slug text not null,
  site_id text not null,
  handler text not null,
  event_type text,
  event_id text,
  message text not null,
  stack text not null,
  duration_ms integer not null,
  at bigint not null,
  state text not null
);
create index plugin_fault_at on plugin_fault (at);
create index plugin_fault_slug on plugin_fault (slug, at);
create index plugin_fault_handler on plugin_fault (handler, at);
create index plugin_fault_open on plugin_fault (handler) where state = 'open';

-- Everything of one webhook that failed since a time, sent again in steps. done counts up to total; after_seq is where
-- the next step begins, so that a restart goes on there.
create table redelivery (
  id text primary key,
  webhook_id text not null,
  owner text not null,
  after_seq bigint not null,
  until_seq bigint not null,
  total integer not null,
  done integer not null,
  state text not null,
  created_by text not null,
  created_at bigint not null
);
create index redelivery_running on redelivery (created_at) where state = 'running';

-- Mails that wait to be sent; a row goes when a mail server took it.
create table mail (
  id text not null,
  user_id text not null,
  about text not null,
  created_at bigint not null,
  due_at bigint not null,
  tries integer not null,
  error text,
  primary key (id, user_id)
);
create index mail_due on mail (due_at);
create index mail_error on mail (due_at) where error is not null;
