-- Accounts and what belongs to them. One text for SQLite and PostgreSQL: ids and hashes are TEXT,
-- times are BIGINT milliseconds since 1970, truths are BIGINT 0 or 1.

CREATE TABLE accounts (
    id TEXT NOT NULL PRIMARY KEY,
    email TEXT, -- in lower case; an account has an e-mail or a username, or both
    username TEXT,
    name TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    role TEXT NOT NULL,
    active BIGINT NOT NULL,
    create_time BIGINT NOT NULL,
    update_time BIGINT NOT NULL,
    CHECK (email IS NOT NULL OR username IS NOT NULL)
);

-- What people log in with, and what nobody else may take: e-mails in lower case, and usernames as they
-- are. One table, so that nobody's e-mail becomes another's username. Without an account: a username
-- whose account was deleted, which stays taken.
CREATE TABLE handles (
    handle TEXT NOT NULL PRIMARY KEY,
    account_id TEXT REFERENCES accounts (id) ON DELETE SET NULL
);
CREATE INDEX handles_account ON handles (account_id);

CREATE TABLE sessions (
    id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    secret_hash TEXT UNIQUE, -- of logins
    rotation BIGINT NOT NULL, -- how often a rotating refresh token was used
    use_time BIGINT NOT NULL, -- when it last was
    create_time BIGINT NOT NULL,
    expire_time BIGINT NOT NULL,
    address TEXT NOT NULL,
    user_agent TEXT NOT NULL
);
CREATE INDEX sessions_account ON sessions (account_id, create_time);
CREATE INDEX sessions_expire ON sessions (expire_time);

CREATE TABLE personal_tokens (
    id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    secret_hash TEXT NOT NULL UNIQUE,
    scopes TEXT NOT NULL, -- with spaces between
    create_time BIGINT NOT NULL,
    expire_time BIGINT NOT NULL,
    use_time BIGINT
);
CREATE INDEX personal_tokens_account ON personal_tokens (account_id, create_time);

-- Wrong passwords in a row: by account, or by the hash of a handle that nobody has.
CREATE TABLE login_failures (
    subject TEXT NOT NULL PRIMARY KEY,
    failures BIGINT NOT NULL,
    last_time BIGINT NOT NULL
);
CREATE INDEX login_failures_time ON login_failures (last_time);

-- Keys that sign tokens; the private part is sealed.
CREATE TABLE signing_keys (
    kid TEXT NOT NULL PRIMARY KEY,
    algorithm TEXT NOT NULL,
    sealed_key TEXT NOT NULL,
    create_time BIGINT NOT NULL,
    activate_time BIGINT NOT NULL
);

-- Keys that the server made for itself at its first start, sealed.
CREATE TABLE server_keys (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL,
    create_time BIGINT NOT NULL
);
