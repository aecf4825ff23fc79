-- What analyses take, which counts as what their images take.

ALTER TABLE analyses ADD COLUMN bytes BIGINT NOT NULL DEFAULT 0; -- of report and maps; 0 of those made before
