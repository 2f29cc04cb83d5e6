"""Delete multipart uploads: the rows in a turn, and the files of the parts after its commit."""

from lamplighter.services.s3.object_files import ObjectFiles
from lamplighter.services.s3.tables import uploads
from lamplighter.services.s3.tables.uploads import Upload
from lamplighter.store.db import Tx


def delete_upload(tx: Tx, files: ObjectFiles, upload: Upload) -> None:
    """Delete an upload with its parts."""
    files.delete_after_commit(tx, [part.file for part in uploads.parts(tx, upload.id)])
    uploads.delete(tx, upload)
