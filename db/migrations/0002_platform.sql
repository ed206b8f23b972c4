-- The plugin platform, sources and what the admin grew by. The same portable subset as 0001.

-- What a super admin set for the whole network: JSON, secrets sealed. The sites' own stand in plugin_site.settings.
alter table plugin_state add column settings text not null default '{}';
-- When somebody uninstalled it: from then on its rows go, step by step.
alter table plugin_state add column removing_at bigint;

-- How long the attempts of an hour took: how many fell into which step of a scale. Read for percentiles.
create table delivery_hour_bucket (
  webhook_id text not null,
  hour bigint not null,
  bucket integer not null,
  attempts integer not null,
  primary key (webhook_id, hour, bucket)
);
create index delivery_hour_bucket_hour on delivery_hour_bucket (hour);

-- The guards that plugins registered: what is missing today still guards.
create table plugin_guard (
  handler text primary key,
  slug text not null,
  title text not null,
  on_by_default integer not null
);
-- The handlers that a super admin muted.
create table plugin_mute (
  handler text primary key,
  slug text not null,
  muted_at bigint not null,
  muted_by text not null
);
-- The events whose deliveries are held because a guard is closed, and when to ask it again.
create table guard_hold (
  event_id text primary key,
  handler text not null,
  reason text not null,
  due_at bigint not null
);
create index guard_hold_due on guard_hold (handler, due_at);

-- The plugins that took a process down while they were loaded: they are not, until somebody resumes them.
create table plugin_crash (
  slug text primary key,
  at bigint not null
);

-- Who made a webhook: a person in the admin, a script by the API, or a builder such as Zapier, as a REST hook.
alter table webhook add column origin text not null default 'admin';
update webhook set origin = 'api' where created_by like 'key%';
create index webhook_hook on webhook (owner, url) where origin = 'rest_hook';

-- REST hooks that were deleted here, whose builder is still to be told.
create table farewell (
  webhook_id text primary key,
  url text not null,
  due_at bigint not null,
  tries integer not null
);
create index farewell_due on farewell (due_at);

-- A deleted site keeps its row until what the log holds of it is gone.
alter table site add column deleted_at bigint;
create index site_state on site (state, created_at, id);
create index site_name on site (name, id);
create index user_site on "user" ("siteId");

-- What plugins do at set times. site_id '' is the clock of all sites, which goes through them in order (after_site);
-- any other row is a run of one site that waits or is under way, and goes when it has ended.
create table plugin_cron (
  slug text not null,
  site_id text not null,
  id text not null,
  due_at bigint not null,
  lease_until bigint not null,
  after_site text not null,
  primary key (slug, site_id, id)
);
create index plugin_cron_due on plugin_cron (slug, id, due_at);

-- What wu/v2 calls a webhook by: numbers, from the counter that every change of a webhook raises, so that none comes back.
alter table webhook add column number bigint not null default 0;
update webhook set number = (select count(*) from webhook as earlier where earlier.id <= webhook.id);
create index webhook_number on webhook (number);
-- What made a webhook, in wu/v2's word: manual, zapier, …
alter table webhook add column integration text not null default 'manual';

-- What the audit log is filtered by; each walks from the newest entry.
create index audit_actor on audit (actor_id, seq);
create index audit_actor_name on audit (actor_name, seq);
create index audit_action on audit (action, seq);
create index audit_owner on audit (owner, seq);
create index audit_target on audit (target, seq);

-- Where others post what happened at them; what they tell happens on one site. The token that stands in the address is there
-- twice: sealed, so that the address can be shown again, and hashed, to be found by. After a rotation the token before holds
-- for a while. `settings` and `mapping` are JSON.
create table source (
  id text primary key,
  kind text not null,
  site_id text not null,
  name text not null,
  token text not null,
  token_hash text not null,
  previous_hash text,
  previous_until bigint,
  secret text,
  settings text not null default '{}',
  mapping text,
  state text not null default 'active' check (state in ('active', 'retired')),
  revision integer not null default 1,
  taken bigint not null default 0,
  refused bigint not null default 0,
  last_taken_at bigint,
  last_refused_at bigint,
  created_at bigint not null,
  created_by text not null,
  updated_at bigint not null
);
create unique index source_token on source (token_hash);
create index source_previous on source (previous_hash) where previous_hash is not null;
create index source_site on source (site_id);

-- What came in lately at each source: the last ones that were taken, and the last ones that were refused. `reason` is the
-- JSON of what was wrong, `events` one of the types that it told of.
create table source_log (
  id text primary key,
  source_id text not null,
  was_taken integer not null check (was_taken in (0, 1)),
  status integer not null,
  reason text,
  events text not null default '[]',
  at bigint not null
);
create index source_log_source on source_log (source_id, was_taken, id);
create index source_log_at on source_log (at);

-- Requests with a token that nobody gave out: a row for each kind of source, so that strangers fill nothing.
create table source_stranger (
  kind text primary key,
  requests bigint not null,
  last_at bigint not null
);

-- The clock that a person reads times by; null is the network's.
alter table "user" add column "timeZone" text;

-- Links that let somebody set a password, once. hash: of the token in the link, and after it was opened of the pass that
-- the browser holds instead.
create table one_time_link (
  hash text primary key,
  kind text not null,
  user_id text not null,
  until bigint not null,
  opened integer not null default 0
);
create index one_time_link_user on one_time_link (user_id);
create index one_time_link_until on one_time_link (until);

-- A site's deliveries follow its state in steps: how far they came, null when all have.
alter table site add column moving_below bigint;
create index site_moving on site (id) where moving_below is not null;

-- Request bins: addresses of our own that catch what is sent to them. answer: JSON, what they say to it.
create table bin (
  id text primary key,
  token text not null unique,
  owner text not null,
  name text not null,
  answer text not null,
  webhook_id text,
  received bigint not null,
  created_at bigint not null,
  created_by text not null
);
create index bin_owner on bin (owner, created_at);
-- What a bin caught. headers: JSON, credentials masked; hidden: the same unmasked, sealed, where any were. body: base64.
create table capture (
  id text primary key,
  bin_id text not null,
  at bigint not null,
  method text not null,
  query text not null,
  headers text not null,
  hidden text,
  body text not null,
  bytes integer not null,
  verdict text not null,
  status integer not null
);
create index capture_bin on capture (bin_id, id);
create index capture_at on capture (at);

-- Codes of an authenticator app. confirmed_at null: being set up. last_step: the last code that was taken, so that none works twice.
create table two_factor (
  user_id text primary key,
  cipher text not null,
  confirmed_at bigint,
  last_step bigint not null default 0
);
create table recovery_code (
  user_id text not null,
  hash text not null,
  used_at bigint,
  primary key (user_id, hash)
);
-- 1: the password was right, and the code of the authenticator app is still to come.
alter table session add column "awaitsCode" integer not null default 0;

-- What has not arrived, by the class of the last answer (0: there was none), so that a rare answer is found in a long log.
create index delivery_answer on delivery ((coalesce(last_status, 0) / 100), seq, id) where state in ('retrying', 'failed');

-- Screen Options: how somebody wants a list. hidden: JSON array of columns.
create table user_screen (
  user_id text not null,
  screen text not null,
  hidden text not null,
  rows integer not null,
  primary key (user_id, screen)
);
