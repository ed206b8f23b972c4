-- What running it for others takes. The same portable subset as 0001.

-- Privacy: searches for the personal data of one e-mail address, and its erasure, as walks through all places in steps.
-- address goes when it is no longer needed, masked stays. progress: JSON, where the walk stands and what it found. steps
-- counts them: of two processes that make the same one, one writes nothing.
create table privacy_request (
  id text primary key,
  address text,
  masked text not null,
  state text not null check (state in ('searching', 'found', 'erasing', 'erased', 'stopped')),
  progress text not null,
  steps integer not null,
  created_by text not null,
  created_at bigint not null,
  ended_at bigint
);
create index privacy_request_made on privacy_request (created_at, id);
create index privacy_request_running on privacy_request (created_at) where state in ('searching', 'erasing');
create index privacy_request_address on privacy_request (ended_at) where address is not null;

-- The rows that hold the address of a request. name: JSON of the key of the row in its table.
create table privacy_hit (
  request_id text not null,
  place text not null,
  name text not null,
  primary key (request_id, place, name)
);

-- Since when a row is without what it carried, because somebody's data was erased; null while it is whole.
alter table event add column erased_at bigint;
alter table delivery add column erased_at bigint;
alter table attempt add column erased_at bigint;
alter table capture add column erased_at bigint;

-- A set-up that somebody uploaded, while they look at what its import would do: in pieces, sealed, for an hour.
create table import_file (
  id text not null,
  n integer not null,
  user_id text not null,
  cipher text not null,
  created_at bigint not null,
  primary key (id, n)
);

-- API keys: the key that made this one (null: a person did), since when its secret is what it is (null: since it was made),
-- and since when its end by age was followed by that of its REST hooks.
alter table api_key add column made_by text;
alter table api_key add column rotated_at bigint;
alter table api_key add column ended_at bigint;
create index api_key_made_by on api_key (made_by) where made_by is not null;
create index api_key_ending on api_key (expires_at) where revoked_at is null and ended_at is null;
create index webhook_maker on webhook (created_by) where origin = 'rest_hook';

-- What a key was before it was rotated: it opens until then, beside the new one. It stays, so that SETUP_API_KEY is known
-- again at every start.
create table api_key_old (
  hash text primary key,
  key_id text not null,
  hint text not null,
  until bigint not null,
  last_used_at bigint
);
create index api_key_old_key on api_key_old (key_id, until);
