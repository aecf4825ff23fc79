-- The durable queue. A task is unfinished while it is 'queued', 'running' or 'retrying'; the partial
-- indexes repeat those words exactly as the queries do, or neither database would use them.

CREATE TABLE tasks (
    id TEXT NOT NULL PRIMARY KEY, -- UUID version 7: their order is the order of asking
    operation TEXT NOT NULL,
    subject TEXT NOT NULL,
    owner TEXT NOT NULL,
    payload TEXT NOT NULL,
    state TEXT NOT NULL,
    note TEXT NOT NULL, -- why it failed, if it did
    progress BIGINT NOT NULL, -- 0 to 1000
    turn BIGINT NOT NULL, -- the round in which it is served: each owner has one task a round
    due BIGINT NOT NULL, -- not to be started before
    attempts BIGINT NOT NULL, -- how many times it was started
    failures BIGINT NOT NULL, -- tries that failed, crashes included
    crashes BIGINT NOT NULL, -- tries that killed their process
    lapses BIGINT NOT NULL, -- tries whose worker vanished
    fence BIGINT NOT NULL, -- grows at each claim; only its last holder may write
    worker TEXT NOT NULL, -- who has it; empty when nobody
    lease_until BIGINT NOT NULL,
    cancel BIGINT NOT NULL, -- 1: its end was asked for while it ran
    create_time BIGINT NOT NULL,
    start_time BIGINT,
    end_time BIGINT
);
-- Claims walk this one in order.
CREATE INDEX tasks_ready ON tasks (turn, id) WHERE state IN ('queued', 'retrying');
-- At most one task of a subject runs, whatever the workers do.
CREATE UNIQUE INDEX tasks_running ON tasks (subject) WHERE state = 'running';
CREATE INDEX tasks_subject_unfinished ON tasks (subject, id) WHERE state IN ('queued', 'running', 'retrying');
CREATE INDEX tasks_owner_unfinished ON tasks (owner, turn) WHERE state IN ('queued', 'running', 'retrying');
CREATE INDEX tasks_owner ON tasks (owner, id);
CREATE INDEX tasks_subject ON tasks (subject, id);
CREATE INDEX tasks_end ON tasks (end_time) WHERE end_time IS NOT NULL;

-- One row an owner: who enqueues holds its lock, so that caps, keys and order are exact.
CREATE TABLE task_owners (
    owner TEXT NOT NULL PRIMARY KEY
);

-- Which task a request with an idempotency key made, so that the same request finds it again.
CREATE TABLE task_keys (
    owner TEXT NOT NULL,
    key TEXT NOT NULL,
    task_id TEXT NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
    expire_time BIGINT NOT NULL,
    PRIMARY KEY (owner, key)
);
CREATE INDEX task_keys_expire ON task_keys (expire_time);
CREATE INDEX task_keys_task ON task_keys (task_id);
