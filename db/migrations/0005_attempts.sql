-- Where an attempt went, as pages may show it, and the format of the bytes that it carried; null in older rows.
alter table attempt add column url text;
alter table attempt add column format text;
