-- Serves the sweep that forgets old messages.
create index port_in_message_by_age on port_in_message (taken_at);
