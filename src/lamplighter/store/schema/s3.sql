CREATE TABLE s3_buckets (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    created INTEGER NOT NULL,   -- milliseconds since the epoch
    versioning TEXT NOT NULL,   -- empty if it was never set, else Enabled or Suspended
    settings TEXT NOT NULL      -- the other settings, in the form of the API
);

-- The versions of objects. Their content is in files of the folder "objects".
CREATE TABLE s3_versions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,  -- in the order of their making
    bucket INTEGER NOT NULL,
    key TEXT NOT NULL,
    version TEXT NOT NULL,      -- "null" without versioning
    is_latest INTEGER NOT NULL,
    is_marker INTEGER NOT NULL, -- a delete marker, which has no file
    file TEXT,
    size INTEGER NOT NULL,
    etag TEXT NOT NULL,
    modified INTEGER NOT NULL,  -- milliseconds since the epoch
    properties TEXT NOT NULL,   -- headers, metadata, checksums, tags
    upload TEXT,                -- the ID of the multipart upload that made it
    UNIQUE (bucket, key, version)
);
CREATE INDEX s3_versions_in_order ON s3_versions (bucket, key, id DESC);
CREATE INDEX s3_objects ON s3_versions (bucket, key) WHERE is_latest = 1 AND is_marker = 0;
CREATE UNIQUE INDEX s3_versions_by_file ON s3_versions (file) WHERE file IS NOT NULL;
CREATE UNIQUE INDEX s3_versions_by_upload ON s3_versions (upload) WHERE upload IS NOT NULL;

-- Multipart uploads that are neither completed nor aborted.
CREATE TABLE s3_uploads (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    bucket INTEGER NOT NULL,
    key TEXT NOT NULL,
    upload TEXT NOT NULL UNIQUE,
    started INTEGER NOT NULL,
    properties TEXT NOT NULL    -- those of the object that it will make
);
CREATE INDEX s3_uploads_in_order ON s3_uploads (bucket, key, id);

CREATE TABLE s3_parts (
    upload INTEGER NOT NULL,
    number INTEGER NOT NULL,
    file TEXT NOT NULL UNIQUE,
    size INTEGER NOT NULL,
    etag TEXT NOT NULL,
    modified INTEGER NOT NULL,
    checksums TEXT NOT NULL,
    PRIMARY KEY (upload, number)
) WITHOUT ROWID;
