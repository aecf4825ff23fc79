-- Who may look at which networks, and how much they have done so.

CREATE TABLE target_grants (
    id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    cidr TEXT NOT NULL,
    note TEXT NOT NULL,
    granted_by TEXT, -- NULL: the operator
    create_time BIGINT NOT NULL,
    UNIQUE (account_id, cidr)
);
CREATE INDEX target_grants_newest ON target_grants (create_time, id);

CREATE TABLE probe_counts (
    account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    day BIGINT NOT NULL, -- since 1970, in UTC
    probes BIGINT NOT NULL,
    PRIMARY KEY (account_id, day)
);
