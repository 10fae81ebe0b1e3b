"""Clients as the inbox sees them: what they do to its objects, and every order in which the events can arrive."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from processor.domain.entries import to_iso
from processor.domain.errors import MessageFailedError
from processor.domain.object_keys import ObjectVersion, file_id
from processor.messaging.messages import Message
from tests.integration.stage import BUCKET, HEADER, s3_record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from processor.domain.entries import FileEntry
    from processor.wiring.services import Clients
    from tests.integration.stage import Stage

type Step = Callable[[Client], None]
"""What a client does to the inbox at once."""
_MOST_DELIVERIES = 6


@dataclass
class Client:
    """One sender with a folder of its own, whose order ids are its own, too."""

    stage: Stage
    folder: str
    events: list[str] = field(default_factory=list)
    """The bodies of S3's messages, in the order of what they tell; "" for what could not be done."""
    versions: list[ObjectVersion] = field(default_factory=list)
    """The versions that it has made."""
    queued: list[Message] = field(default_factory=list)
    """Messages that are not done with."""

    @property
    def body(self) -> bytes:
        """A file of two orders."""
        return f"{HEADER}\n{self.folder}-1,Ada,Engine,1,2.50\n{self.folder}-2,Ada,Engine,2,2.50\n".encode()

    def key(self, name: str) -> str:
        """Return the key of a name in the client's folder."""
        return f"raw-data/{self.folder}/{name}"

    def put(self, name: str, body: bytes | None = None, event: str = "Put", **metadata: str) -> None:
        """Put an object, by default the whole file."""
        content = self.body if body is None else body
        answer = self.stage.clients.s3.put_object(Bucket=BUCKET, Key=self.key(name), Body=content, Metadata=metadata)
        self._announce(name, answer["VersionId"], len(content), event)

    def upload_in_parts(self, name: str) -> None:
        """Put the whole file by a multipart upload, of which S3 tells when it is complete."""
        s3: Any = self.stage.clients.s3
        place = {"Bucket": BUCKET, "Key": self.key(name)}
        upload = {**place, "UploadId": s3.create_multipart_upload(**place)["UploadId"]}
        part = s3.upload_part(**upload, PartNumber=1, Body=self.body)
        answer = s3.complete_multipart_upload(
            **upload, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
        )
        self._announce(name, answer["VersionId"], len(self.body), "CompleteMultipartUpload")

    def copy(self, name: str, to: str = "", **metadata: str) -> None:
        """Copy an object to another name, or onto itself with other metadata, if it is still there."""
        s3: Any = self.stage.clients.s3
        source = {"Bucket": BUCKET, "Key": self.key(name)}
        try:
            answer = s3.copy_object(
                Bucket=BUCKET,
                Key=self.key(to or name),
                CopySource=source,
                Metadata=metadata,
                MetadataDirective="REPLACE" if metadata else "COPY",
            )
        except s3.exceptions.ClientError:
            self.events.append("")  # S3 tells of nothing.
            return
        size = s3.head_object(Bucket=BUCKET, Key=self.key(to or name))["ContentLength"]
        self._announce(to or name, answer["VersionId"], size, "Copy")

    def delete(self, name: str) -> None:
        """Delete a name, as every client does: its versions stay below a delete marker."""
        self.stage.clients.s3.delete_object(Bucket=BUCKET, Key=self.key(name))

    def rename(self, name: str, to: str) -> None:
        """Copy an object and delete its old name at once."""
        self.copy(name, to)
        if self.events[-1]:
            self.delete(name)

    def _announce(self, name: str, version_id: str, size: int, event: str) -> None:
        self.versions.append(ObjectVersion(BUCKET, self.key(name), version_id))
        record = s3_record(self.versions[-1], f"ObjectCreated:{event}")
        record["eventTime"] = to_iso(self.stage.services.now())
        record["userIdentity"] = {"principalId": f"AWS:AROAEXAMPLE:{self.folder}"}
        record["s3"]["object"] |= {"size": size, "sequencer": f"{len(self.events):018X}"}
        self.events.append(json.dumps({"Records": [record]}))

    def deliver(self, number: int) -> None:
        """Deliver an event."""
        self.handle(self.take(number))

    def take(self, number: int) -> Message:
        """Take the message of an event out of the queue."""
        return self.stage.message(self.events[number])

    def handle(self, message: Message) -> None:
        """Run the pipeline on a message, and keep it if it is not done with."""
        try:
            done = self.stage.handle(message)
        except MessageFailedError:
            done = False
        if not done:
            self.queued.append(message._replace(receive_count=message.receive_count + 1))

    def finish(self) -> None:
        """Deliver what is not done with until nothing is left, as time goes by."""
        for _ in range(_MOST_DELIVERIES):
            waiting, self.queued = [*self.queued, *self._sent_by_runs()], []
            if not waiting:
                return
            self.stage.advance_clock(hours=0.1)
            for message in waiting:
                self.handle(message)
        raise AssertionError(f"{self.queued} are not done with")

    def _sent_by_runs(self) -> list[Message]:
        """Receive the commands by which runs wake each other."""
        url = self.stage.services.config.queue_url
        received = self.stage.clients.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        known = {message.message_id for message in self.queued}
        return [
            Message(each["MessageId"], each["ReceiptHandle"], each["Body"], 1)
            for each in received
            if each["MessageId"] not in known
        ]

    def stored(self) -> list[str]:
        """List the ids of its stored orders, each as often as it is there."""
        return [
            item["order_id"]["S"]
            for number in (1, 2)
            for item in self.stage.clients.orders.query(
                TableName="orders",
                KeyConditionExpression="order_id = :id",
                ExpressionAttributeValues={":id": {"S": f"{self.folder}-{number}"}},
            )["Items"]
        ]

    def files(self) -> list[FileEntry]:
        """List its files."""
        entries = (self.stage.services.ledger.read_file(file_id(version)) for version in self.versions)
        return [entry for entry in entries if entry]

    def left(self) -> list[str]:
        """List the names of all versions in its folder, those below a delete marker, too."""
        listed = self.stage.clients.s3.list_object_versions(Bucket=BUCKET, Prefix=self.key(""))
        return [each["Key"].removeprefix(self.key("")) for each in listed.get("Versions", [])]


def interleavings(announced: Sequence[int]) -> Iterator[list[int]]:
    """List every order of a client's steps and of the deliveries of their events.

    ``announced`` says how many events each step makes. A step is -1, a delivery the number of its event; steps keep
    their order, and no event is delivered before its step.
    """

    def go_on(steps: int, waiting: tuple[int, ...], told: int) -> Iterator[list[int]]:
        if steps < len(announced):
            new = tuple(range(told, told + announced[steps]))
            for rest in go_on(steps + 1, waiting + new, told + len(new)):
                yield [-1, *rest]
        for number in waiting:
            for rest in go_on(steps, tuple(each for each in waiting if each != number), told):
                yield [number, *rest]
        if steps == len(announced) and not waiting:
            yield []

    yield from go_on(0, (), 0)


def play(client: Client, steps: Sequence[Step], order: Sequence[int]) -> None:
    """Let a client take its steps, and deliver the events, in one order; then let time go by."""
    ahead = iter(steps)
    for each in order:
        if each < 0:
            next(ahead)(client)
        elif client.events[each]:
            client.deliver(each)
    client.finish()
    for number in reversed(range(len(client.events))):  # SQS and S3 may deliver once more, however late.
        if client.events[number]:
            client.deliver(number)
    client.finish()


@dataclass
class Meanwhile:
    """Lets something happen at the nth AWS call of a run, before the call is made."""

    at: int
    happens: Callable[[], None]
    calls: int = 0
    _is_happening: bool = False

    def _before(self, **_: Any) -> None:
        if self._is_happening:
            return
        self.calls += 1
        if self.calls - 1 == self.at:
            self._is_happening = True
            self.happens()
            self._is_happening = False

    @contextmanager
    def watching(self, clients: Clients) -> Iterator[Meanwhile]:
        """Wait for the call while the block runs."""
        watched = (clients.s3, clients.files, clients.orders, clients.sqs, clients.sns)
        for client in watched:
            client.meta.events.register("before-call", self._before)
        try:
            yield self
        finally:
            for client in watched:
                client.meta.events.unregister("before-call", self._before)
