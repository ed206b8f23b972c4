-- The trace that an event belongs to, as its sender named it in traceparent and tracestate; null where it named none.
alter table event add column trace text;
