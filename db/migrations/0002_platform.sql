-- The plugin platform, sources and what the admin grew by. The same portable subset as 0001.

-- What a super admin set for the whole network: JSON, secrets sealed. The sites' own stand in plugin_site.settings.
alter table plugin_state add column settings text not null default '{}';
