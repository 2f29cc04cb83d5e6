-- The properties of objects and their checksums have S3's own names. A version knows the multipart upload that made it.
ALTER TABLE s3_versions RENAME COLUMN facts TO properties;
ALTER TABLE s3_uploads RENAME COLUMN facts TO properties;
ALTER TABLE s3_parts RENAME COLUMN checks TO checksums;
UPDATE s3_versions SET properties = json_remove(json_set(properties, '$.Checksums', json_extract(properties, '$.Checks')), '$.Checks')
WHERE json_type(properties, '$.Checks') = 'object';
ALTER TABLE s3_versions ADD COLUMN upload TEXT;
CREATE UNIQUE INDEX s3_versions_by_upload ON s3_versions (upload) WHERE upload IS NOT NULL;
