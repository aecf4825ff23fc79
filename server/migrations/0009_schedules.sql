-- Scans that begin by themselves.

CREATE TABLE scan_schedules (
    id BIGINT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    config TEXT NOT NULL, -- as in scans
    is_stored BIGINT NOT NULL, -- as in scans
    cron TEXT NOT NULL,
    time_zone TEXT NOT NULL,
    enabled BIGINT NOT NULL,
    next_run BIGINT, -- NULL: never
    last_run BIGINT,
    last_scan BIGINT, -- which may be gone
    last_problem TEXT NOT NULL, -- why no scan began the last time; empty if one did
    asked_by TEXT, -- the account whose rights its scans have; NULL: the operator
    version BIGINT NOT NULL, -- one more each time that somebody changes it
    create_time BIGINT NOT NULL,
    update_time BIGINT NOT NULL
);
CREATE INDEX scan_schedules_next_run ON scan_schedules (next_run);

-- One row: the number that the next schedule gets. Numbers are never used twice.
CREATE TABLE schedule_numbers (
    id BIGINT NOT NULL PRIMARY KEY,
    next BIGINT NOT NULL
);
INSERT INTO schedule_numbers (id, next) VALUES (1, 1);

-- The schedule that a scan belongs to, which may be gone.
ALTER TABLE scans ADD COLUMN schedule_id BIGINT;
ALTER TABLE scans ADD COLUMN schedule_name TEXT NOT NULL DEFAULT '';
CREATE INDEX scans_schedule ON scans (schedule_id, id);
