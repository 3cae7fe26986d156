-- What a replica must have replayed before it may answer. Positions are bytes of the log of changes.
-- Both tables are unlogged, so that taking note costs no second commit: a crash and a change of the
-- primary empty both, and without a floor nobody is served by a replica until there is a new one.

-- Where each caller's last change ends.
create unlogged table last_write (
    caller   text primary key,
    position bigint not null
);

-- What everybody must be shown, from some seconds ago. Rows of last_write below it say nothing more.
create unlogged table replay_floor (
    only_one      boolean primary key default true check (only_one),
    position      bigint not null,
    next_position bigint not null,
    moved_at      timestamptz not null default clock_timestamp()
);
