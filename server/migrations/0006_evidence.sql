-- Analyses of images, and perceptual hashes of their states.

CREATE TABLE analyses (
    id TEXT NOT NULL PRIMARY KEY, -- of the task that made it
    image_id TEXT NOT NULL REFERENCES images (id) ON DELETE CASCADE,
    number BIGINT NOT NULL, -- the revision that was looked at
    sha256 TEXT NOT NULL,
    blob TEXT NOT NULL, -- the name of its report in the byte store
    create_time BIGINT NOT NULL
);
CREATE INDEX analyses_image ON analyses (image_id, create_time);
CREATE INDEX analyses_blob ON analyses (blob);

CREATE TABLE analysis_maps (
    analysis_id TEXT NOT NULL REFERENCES analyses (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    place BIGINT NOT NULL, -- in the order of asking
    blob TEXT NOT NULL,
    PRIMARY KEY (analysis_id, kind)
);
CREATE INDEX analysis_maps_blob ON analysis_maps (blob);

ALTER TABLE revisions ADD COLUMN hashed BIGINT NOT NULL DEFAULT 0; -- 1: it was tried
ALTER TABLE revisions ADD COLUMN phash BIGINT; -- 64 bits; NULL of what can't be decoded
ALTER TABLE revisions ADD COLUMN dhash BIGINT;
