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
