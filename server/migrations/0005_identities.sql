-- The directory of identities, and the relays that may ask it. Key hashes, reset tokens and the ids of
-- relays are kept as keyed hashes only: whoever reads this table can't use them.

CREATE TABLE identities (
    id TEXT NOT NULL PRIMARY KEY,
    username TEXT NOT NULL UNIQUE,
    display TEXT,
    status TEXT,
    about TEXT NOT NULL,
    avatar TEXT, -- a WebP in base64
    public_key TEXT NOT NULL,
    key_hash TEXT NOT NULL,
    reset_hash TEXT NOT NULL UNIQUE,
    iota_id TEXT NOT NULL,
    subscription_level BIGINT NOT NULL,
    subscription_end BIGINT NOT NULL,
    create_time BIGINT NOT NULL,
    update_time BIGINT NOT NULL
);

-- Registrations that were begun.
CREATE TABLE registrations (
    id TEXT NOT NULL PRIMARY KEY,
    network TEXT NOT NULL, -- who began it: an IPv4 address, or the /64 of an IPv6 one
    expire_time BIGINT NOT NULL
);
CREATE INDEX registrations_network ON registrations (network);
CREATE INDEX registrations_expire ON registrations (expire_time);

-- One row, locked by whoever begins a registration, so that the limits of their number are exact.
CREATE TABLE registration_turn (
    id BIGINT NOT NULL PRIMARY KEY
);
INSERT INTO registration_turn (id) VALUES (1);

CREATE TABLE omikrons (
    id_hash TEXT NOT NULL PRIMARY KEY,
    id_prefix TEXT NOT NULL,
    name TEXT NOT NULL,
    create_time BIGINT NOT NULL
);
CREATE INDEX omikrons_create ON omikrons (create_time);
