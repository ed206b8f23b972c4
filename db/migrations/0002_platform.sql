-- The plugin platform, sources and what the admin grew by. The same portable subset as 0001.

-- What a super admin set for the whole network: JSON, secrets sealed. The sites' own stand in plugin_site.settings.
alter table plugin_state add column settings text not null default '{}';

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
