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
