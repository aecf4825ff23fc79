-- Images and every state that each has had.

CREATE TABLE images (
    id TEXT NOT NULL PRIMARY KEY,
    owner TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    head BIGINT NOT NULL, -- the number of the revision that the image is now
    create_time BIGINT NOT NULL,
    update_time BIGINT NOT NULL
);
CREATE INDEX images_owner ON images (owner, create_time);

CREATE TABLE revisions (
    image_id TEXT NOT NULL REFERENCES images (id) ON DELETE CASCADE,
    number BIGINT NOT NULL,
    operation TEXT NOT NULL,
    blob TEXT NOT NULL, -- the name of its bytes in the byte store
    format TEXT NOT NULL,
    width BIGINT NOT NULL,
    height BIGINT NOT NULL,
    size BIGINT NOT NULL, -- bytes
    sha256 TEXT NOT NULL,
    animated BIGINT NOT NULL,
    create_time BIGINT NOT NULL,
    PRIMARY KEY (image_id, number)
);
CREATE INDEX revisions_blob ON revisions (blob);
