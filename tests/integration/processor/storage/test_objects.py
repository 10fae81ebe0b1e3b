"""The bucket's objects: versions, ranges, streamed writes that leave nothing half done, presigned uploads."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

import pytest

from processor.domain.errors import ObjectGoneError
from processor.domain.object_keys import ObjectVersion
from processor.large_files.joining import SMALLEST_PART, Piece, join
from processor.storage.presigned_posts import UploadNameError, presign_upload
from tests.integration.calls import calls_to
from tests.integration.stage import BUCKET, csv_file

if TYPE_CHECKING:
    from tests.integration.stage import Stage


def test_blocks_join_to_the_object(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ranged reads cover every byte once, whatever the size."""
    monkeypatch.setattr("processor.storage.objects.BLOCK_BYTES", 7)
    body = bytes(range(50))
    facts = stage.services.objects.read_facts(stage.upload("a.csv", body))

    blocks = list(stage.services.objects.read_blocks(facts))

    assert b"".join(blocks) == body
    assert len(blocks) == 8


def test_a_server_that_knows_no_ranges_is_read_alike(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """If a server answers a range with the whole object, every byte still comes once."""
    monkeypatch.setattr("processor.storage.objects.BLOCK_BYTES", 7)
    body = bytes(range(50))
    facts = stage.services.objects.read_facts(stage.upload("a.csv", body))
    get = stage.clients.s3.get_object
    monkeypatch.setattr(stage.clients.s3, "get_object", lambda **request: get(**request | {"Range": "bytes=0-"}))

    assert b"".join(stage.services.objects.read_blocks(facts)) == body
    assert b"".join(stage.services.objects.read_stretch(facts.version, 20, 33)) == body[20:33]


def test_an_object_of_the_smallest_part_is_copied_whole(stage: Stage) -> None:
    """S3 copies ranges only of what is larger than 5 MiB; a larger object's rest still comes from where it begins."""
    bodies = {"one": b"1" * SMALLEST_PART, "two": b"2" * (SMALLEST_PART + 1), "three": b"3"}
    for key, body in bodies.items():
        stage.clients.s3.put_object(Bucket=BUCKET, Key=key, Body=body)
    pieces = [Piece(key, len(body)) for key, body in bodies.items()]

    with calls_to(stage.clients.s3) as calls:
        join(stage.services.objects, BUCKET, "joined", b"", pieces)

    copies = [call.parameters for call in calls if call.operation == "UploadPartCopy"]
    assert [copy["CopySource"] for copy in copies] == [f"{BUCKET}/one", f"{BUCKET}/two"]
    assert not any("CopySourceRange" in copy for copy in copies)
    assert stage.read("joined") == b"".join(bodies.values())


def test_reads_stay_with_their_version(stage: Stage) -> None:
    """A later upload of the same key does not change what is read."""
    first = stage.upload("a.csv", b"first")
    stage.upload("a.csv", b"second")

    facts = stage.services.objects.read_facts(first)

    assert b"".join(stage.services.objects.read_blocks(facts)) == b"first"


def test_missing_object_is_gone(stage: Stage) -> None:
    """A key that never was, a version that is no more, and a delete marker are all gone."""
    version = stage.upload("a.csv", b"body")
    marker = stage.clients.s3.delete_object(Bucket=BUCKET, Key=version.key)["VersionId"]
    stage.services.objects.delete(version)

    for gone in (ObjectVersion(BUCKET, "never"), version, ObjectVersion(BUCKET, version.key, marker)):
        with pytest.raises(ObjectGoneError):
            stage.services.objects.read_facts(gone)


def test_aborted_writer_leaves_nothing(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """An upload that was given up has neither an object nor parts that are paid for."""
    monkeypatch.setattr("processor.storage.objects.PART_BYTES", 5 * 1024 * 1024)
    writer = stage.services.objects.begin_object(BUCKET, "processed-data/a.csv")
    writer.write(b"x" * 6 * 1024 * 1024)

    writer.abort()

    assert stage.objects() == []
    assert "Uploads" not in stage.clients.s3.list_multipart_uploads(Bucket=BUCKET)


def test_presigned_post_says_what_may_be_uploaded(stage: Stage) -> None:
    """The signed policy binds the key, the size, the type and the declared encoding."""
    post = presign_upload(stage.clients.s3, BUCKET, "März 1.csv", max_bytes=1000, encoding="cp1252")

    policy = json.loads(base64.b64decode(post.fields["policy"]))
    assert ["content-length-range", 0, 1000] in policy["conditions"]
    assert {"x-amz-meta-encoding": "cp1252"} in policy["conditions"]
    assert {"key": post.object_key} in policy["conditions"]
    assert post.object_key.startswith("raw-data/")
    assert post.object_key.endswith("/März 1.csv")


def test_presigned_keys_keep_equal_names_apart(stage: Stage) -> None:
    """Two people's orders.csv do not replace one another in the inbox."""
    first, second = (presign_upload(stage.clients.s3, BUCKET, "orders.csv", max_bytes=1) for _ in range(2))

    assert first.object_key != second.object_key


@pytest.mark.parametrize("name", ["", "a/b.csv", "a\n.csv", "orders.xlsx", "x" * 300 + ".csv"])
def test_impossible_names_are_refused(stage: Stage, name: str) -> None:
    """A name that could not be processed is refused before anything is uploaded."""
    with pytest.raises(UploadNameError):
        presign_upload(stage.clients.s3, BUCKET, name, max_bytes=1000)


def test_encoded_object_is_copied_with_its_metadata(stage: Stage) -> None:
    """The archived original keeps what the upload declared, so that it can be reprocessed."""
    entry = stage.process("a.csv", csv_file("A-1,Zoë,Pen,1,1.00").decode().encode("cp1252"), encoding="cp1252")

    head = stage.clients.s3.head_object(Bucket=BUCKET, Key=entry.original_key)

    assert head["Metadata"] == {"encoding": "cp1252"}
