-- Who did what to whom. Rows are added and never changed; each carries the hash of the row before.

CREATE TABLE audit_events (
    number BIGINT NOT NULL PRIMARY KEY, -- 1, 2, 3, .. without a gap
    time BIGINT NOT NULL,
    actor_kind TEXT NOT NULL,
    actor_id TEXT NOT NULL,
    action TEXT NOT NULL,
    target TEXT NOT NULL,
    outcome TEXT NOT NULL,
    address TEXT NOT NULL,
    request_id TEXT NOT NULL,
    detail TEXT NOT NULL,
    hash TEXT NOT NULL
);
CREATE INDEX audit_events_actor ON audit_events (actor_id, number);
CREATE INDEX audit_events_target ON audit_events (target, number);
CREATE INDEX audit_events_action ON audit_events (action, number);
CREATE INDEX audit_events_time ON audit_events (time);

-- The end of the chain: one row, locked by whoever adds to it.
CREATE TABLE audit_head (
    id BIGINT NOT NULL PRIMARY KEY,
    number BIGINT NOT NULL,
    hash TEXT NOT NULL
);
INSERT INTO audit_head (id, number, hash) VALUES (1, 0, '');
