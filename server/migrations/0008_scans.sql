-- Scans of sites: who begins them, what they find, and the one operator who is no account.

-- Each lane of tasks has workers of its own.
ALTER TABLE tasks ADD COLUMN lane TEXT NOT NULL DEFAULT 'images';
DROP INDEX tasks_ready;
CREATE INDEX tasks_ready ON tasks (lane, turn, id) WHERE state IN ('queued', 'retrying');

CREATE TABLE scan_settings (
    key TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE scan_secrets (
    key TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL -- sealed
);

-- At most one row.
CREATE TABLE scan_operator (
    id BIGINT NOT NULL PRIMARY KEY,
    password_hash TEXT NOT NULL
);

CREATE TABLE operator_sessions (
    token_hash TEXT NOT NULL PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    remember BIGINT NOT NULL, -- 1: it outlives the browser
    create_time BIGINT NOT NULL,
    expire_time BIGINT NOT NULL
);
CREATE INDEX operator_sessions_expire ON operator_sessions (expire_time);

CREATE TABLE scan_configs (
    name TEXT NOT NULL PRIMARY KEY,
    title TEXT NOT NULL,
    yaml TEXT NOT NULL,
    addresses BIGINT NOT NULL,
    update_time BIGINT NOT NULL
);

-- One row: the number that the next scan gets. Numbers are never used twice.
CREATE TABLE scan_numbers (
    id BIGINT NOT NULL PRIMARY KEY,
    next BIGINT NOT NULL
);
INSERT INTO scan_numbers (id, next) VALUES (1, 1);

CREATE TABLE scans (
    id BIGINT NOT NULL PRIMARY KEY,
    task_id TEXT NOT NULL,
    title TEXT NOT NULL,
    config TEXT NOT NULL, -- the file's path as it was asked for, or the name of a stored one
    is_stored BIGINT NOT NULL, -- 1: the name of a stored one
    asked_by TEXT, -- the account; NULL: the operator
    triggered_by TEXT NOT NULL,
    state TEXT NOT NULL,
    stage TEXT NOT NULL,
    progress BIGINT NOT NULL, -- 0 to 1000
    hosts_done BIGINT NOT NULL,
    hosts_total BIGINT NOT NULL,
    hosts_up BIGINT NOT NULL,
    open_ports BIGINT NOT NULL,
    findings BIGINT NOT NULL,
    summary TEXT NOT NULL, -- the figures that are drawn over time; empty before its end
    error_message TEXT NOT NULL,
    report TEXT NOT NULL, -- the stem of its files' names; empty without reports
    has_screenshots BIGINT NOT NULL,
    start_time BIGINT NOT NULL,
    end_time BIGINT
);
CREATE INDEX scans_state ON scans (state, id);
CREATE INDEX scans_task ON scans (task_id);

-- What was found of a host, written when it is done.
CREATE TABLE scan_hosts (
    scan_id BIGINT NOT NULL REFERENCES scans (id) ON DELETE CASCADE,
    place BIGINT NOT NULL, -- in the order of the configuration
    site TEXT NOT NULL,
    record TEXT NOT NULL, -- as reports write it
    PRIMARY KEY (scan_id, place)
);
