"""Valid requests of S3."""

from lamplighter.base.json_text import Json, dumps

BUCKET: Json = {"Bucket": "bucket"}
OBJECT: Json = {**BUCKET, "Key": "a/b"}
UPLOAD: Json = {**OBJECT, "UploadId": "${uploadid}"}
TAGS: Json = {"TagSet": [{"Key": "a", "Value": "b"}]}
POLICY = dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/*"}
        ],
    }
)
RULE: Json = {"ID": "a", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 1}}
CORS: Json = {"CORSRules": [{"AllowedMethods": ["GET"], "AllowedOrigins": ["*"]}]}

BEGIN: list[tuple[str, Json]] = [
    ("CreateBucket", BUCKET),
    ("HeadBucket", BUCKET),
    ("ListBuckets", {}),
    ("PutBucketVersioning", {**BUCKET, "VersioningConfiguration": {"Status": "Enabled"}}),
    ("PutBucketEncryption", {
        **BUCKET,
        "ServerSideEncryptionConfiguration": {
            "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}],
        },
    }),
    ("PutBucketLifecycleConfiguration", {**BUCKET, "LifecycleConfiguration": {"Rules": [RULE]}}),
    ("PutBucketOwnershipControls", {
        **BUCKET, "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
    }),
    ("PutBucketPolicy", {**BUCKET, "Policy": POLICY}),
    ("PutBucketTagging", {**BUCKET, "Tagging": TAGS}),
    ("PutBucketCors", {**BUCKET, "CORSConfiguration": CORS}),
    ("PutBucketAcl", {**BUCKET, "ACL": "private"}),
    ("PutBucketLogging", {**BUCKET, "BucketLoggingStatus": {}}),
    ("PutBucketNotificationConfiguration", {**BUCKET, "NotificationConfiguration": {}}),
    ("PutPublicAccessBlock", {**BUCKET, "PublicAccessBlockConfiguration": {"BlockPublicAcls": True}}),
    *(
        (f"GetBucket{each}", BUCKET)
        for each in (
            *("AccelerateConfiguration", "Acl", "Cors", "Encryption", "LifecycleConfiguration", "Location", "Logging"),
            *("NotificationConfiguration", "OwnershipControls", "Policy", "PolicyStatus", "RequestPayment", "Tagging"),
            "Versioning",
        )
    ),
    ("GetPublicAccessBlock", BUCKET),
    ("PutObject", {**OBJECT, "Body": b"hello"}),
    ("PutObject", {**BUCKET, "Key": "c", "Body": b"hello"}),
    ("GetObject", OBJECT),
    ("HeadObject", OBJECT),
    ("PutObjectAcl", {**OBJECT, "ACL": "private"}),
    ("GetObjectAcl", OBJECT),
    ("GetObjectAttributes", {**OBJECT, "ObjectAttributes": ["ETag", "ObjectSize"]}),
    ("PutObjectTagging", {**OBJECT, "Tagging": TAGS}),
    ("GetObjectTagging", OBJECT),
    ("CopyObject", {**BUCKET, "Key": "d", "CopySource": "bucket/c"}),
    ("ListObjects", BUCKET),
    ("ListObjectsV2", BUCKET),
    ("ListObjectVersions", BUCKET),
    ("CreateMultipartUpload", OBJECT),
    ("ListMultipartUploads", BUCKET),
    ("UploadPartCopy", {**UPLOAD, "PartNumber": 1, "CopySource": "bucket/c"}),
    ("UploadPart", {**UPLOAD, "PartNumber": 1, "Body": b"part"}),
    ("ListParts", UPLOAD),
    ("CompleteMultipartUpload", {
        **UPLOAD, "MultipartUpload": {"Parts": [{"PartNumber": 1, "ETag": "${etag}"}]},
    }),
]  # fmt: skip
END: list[tuple[str, Json]] = [
    ("CreateMultipartUpload", OBJECT),
    ("AbortMultipartUpload", UPLOAD),
    ("DeleteObjectTagging", OBJECT),
    ("DeleteObject", {**BUCKET, "Key": "d"}),
    ("DeleteObjects", {**BUCKET, "Delete": {"Objects": [{"Key": "c"}]}}),
    *(
        (f"DeleteBucket{each}", BUCKET)
        for each in ("Cors", "Encryption", "Lifecycle", "OwnershipControls", "Policy", "Tagging")
    ),
    ("DeletePublicAccessBlock", BUCKET),
    ("CreateBucket", {"Bucket": "empty"}),
    ("DeleteBucket", {"Bucket": "empty"}),
]
