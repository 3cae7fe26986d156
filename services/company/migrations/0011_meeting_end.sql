-- Serves lists of meetings by when they end.
create index meeting_by_end on meeting (company_id, date_to);
