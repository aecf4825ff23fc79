-- Alerts of site scans: what people are told, by which rules, and how it gets to them.

-- The numbers that the next ones get, by table. Numbers are never used twice.
CREATE TABLE alert_numbers (
    name TEXT NOT NULL PRIMARY KEY,
    next BIGINT NOT NULL
);
INSERT INTO alert_numbers (name, next) VALUES
    ('alerts', 1), ('alert_rules', 10), ('webhooks', 1), ('deliveries', 1);

CREATE TABLE alert_rules (
    id BIGINT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    threshold_days BIGINT NOT NULL, -- of certificates that expire; 0 of others
    severity TEXT NOT NULL, -- empty: as the finding has it
    email_enabled BIGINT NOT NULL,
    webhook_enabled BIGINT NOT NULL,
    enabled BIGINT NOT NULL,
    config TEXT NOT NULL, -- empty: every configuration
    update_time BIGINT -- NULL: as it was at the beginning
);
INSERT INTO alert_rules
    (id, name, kind, threshold_days, severity, email_enabled, webhook_enabled, enabled, config, update_time)
VALUES
    (1, 'Unexpected port', 'unexpected_port', 0, '', 1, 1, 1, '', NULL),
    (2, 'Missing port', 'missing_port', 0, '', 1, 1, 1, '', NULL),
    (3, 'Ping mismatch', 'ping_mismatch', 0, '', 1, 1, 1, '', NULL),
    (4, 'Certificate expired', 'certificate_expired', 0, '', 1, 1, 1, '', NULL),
    (5, 'Certificate expiring', 'certificate_expiring', 30, '', 1, 1, 1, '', NULL),
    (6, 'Certificate not yet valid', 'certificate_not_yet_valid', 0, '', 1, 1, 1, '', NULL),
    (7, 'Weak TLS', 'weak_tls', 0, '', 1, 1, 1, '', NULL),
    (8, 'Weak certificate', 'weak_certificate', 0, '', 1, 1, 1, '', NULL),
    (9, 'Service changed', 'service_changed', 0, '', 1, 1, 1, '', NULL);

-- Scans are deleted before their alerts are.
CREATE TABLE alerts (
    id BIGINT NOT NULL PRIMARY KEY,
    rule_id BIGINT NOT NULL,
    scan_id BIGINT NOT NULL,
    config TEXT NOT NULL,
    is_stored BIGINT NOT NULL,
    finding TEXT NOT NULL, -- what names it in every scan of the configuration
    kind TEXT NOT NULL,
    severity TEXT NOT NULL,
    site TEXT NOT NULL,
    address TEXT NOT NULL,
    protocol TEXT NOT NULL, -- empty of the whole host
    port BIGINT NOT NULL, -- 0 of the whole host
    text TEXT NOT NULL,
    create_time BIGINT NOT NULL,
    acknowledge_time BIGINT,
    resolve_time BIGINT
);
CREATE INDEX alerts_scan ON alerts (scan_id);
CREATE INDEX alerts_create_time ON alerts (create_time);
CREATE INDEX alerts_open ON alerts (config, is_stored, finding) WHERE resolve_time IS NULL;

-- What people were told of each configuration, until it is over.
CREATE TABLE alerts_told (
    config TEXT NOT NULL,
    is_stored BIGINT NOT NULL,
    finding TEXT NOT NULL,
    kind TEXT NOT NULL,
    site TEXT NOT NULL,
    address TEXT NOT NULL,
    protocol TEXT NOT NULL,
    port BIGINT NOT NULL,
    substance TEXT NOT NULL,
    PRIMARY KEY (config, is_stored, finding)
);

CREATE TABLE webhooks (
    id BIGINT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    format TEXT NOT NULL,
    enabled BIGINT NOT NULL,
    min_severity TEXT NOT NULL, -- empty: every alert
    create_time BIGINT NOT NULL,
    update_time BIGINT NOT NULL
);

-- Their addresses, which hold tokens, and what they are signed with.
CREATE TABLE webhook_secrets (
    key TEXT NOT NULL PRIMARY KEY, -- the number, a slash, and `url` or `secret`
    value TEXT NOT NULL -- sealed
);

-- What goes to people, and what became of it.
CREATE TABLE deliveries (
    id BIGINT NOT NULL PRIMARY KEY,
    scan_id BIGINT NOT NULL, -- 0 of a test
    channel TEXT NOT NULL,
    webhook_id BIGINT NOT NULL, -- 0 of e-mail
    digest TEXT NOT NULL, -- what is told
    state TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    fence BIGINT NOT NULL, -- grows with each claim: whoever claimed before writes no more
    lease_until BIGINT NOT NULL,
    next_time BIGINT NOT NULL,
    status_code BIGINT NOT NULL,
    error TEXT NOT NULL,
    create_time BIGINT NOT NULL,
    end_time BIGINT
);
-- One digest of a scan for each channel.
CREATE UNIQUE INDEX deliveries_once ON deliveries (scan_id, channel, webhook_id) WHERE scan_id > 0;
CREATE INDEX deliveries_due ON deliveries (next_time, id) WHERE state = 'pending';
CREATE INDEX deliveries_webhook ON deliveries (webhook_id, id);
