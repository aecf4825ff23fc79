"""One caller of the contract, by stubs that protoc made: an independent client that shares no code with the server."""

import io
import json
import uuid

import grpc
from atalaya.images.v1 import evidence_service_pb2_grpc, image_service_pb2_grpc, transfer_pb2
from atalaya.tasks.v1 import task_pb2, task_service_pb2, task_service_pb2_grpc
from atalaya.users.v1 import account_service_pb2 as accounts_pb2
from atalaya.users.v1 import account_service_pb2_grpc, session_service_pb2, session_service_pb2_grpc
from PIL import Image

# Bytes: one image of 32 MiB and what is said of it.
MESSAGE_LIMIT = 33 << 20
CHUNK = 64 << 10
# Seconds that any one call may take.
PATIENCE = 180
PASSWORD = "correct horse battery"
# A server on a busy machine may be busy too: it says so, and a well-behaved client comes again.
RETRIES = {
    "maxAttempts": 5,
    "initialBackoff": "0.2s",
    "maxBackoff": "3s",
    "backoffMultiplier": 2,
    "retryableStatusCodes": ["RESOURCE_EXHAUSTED"],
}


class Caller:
    """Somebody with a channel, and after `log_in` with a token."""

    def __init__(self, address):
        options = [
            ("grpc.max_send_message_length", MESSAGE_LIMIT),
            ("grpc.max_receive_message_length", MESSAGE_LIMIT),
            ("grpc.service_config", json.dumps({"methodConfig": [{"name": [{}], "retryPolicy": RETRIES}]})),
        ]
        self.channel = grpc.insecure_channel(address, options=options)
        self.accounts = account_service_pb2_grpc.AccountServiceStub(self.channel)
        self.sessions = session_service_pb2_grpc.SessionServiceStub(self.channel)
        self.evidence = evidence_service_pb2_grpc.EvidenceServiceStub(self.channel)
        self.images = image_service_pb2_grpc.ImageServiceStub(self.channel)
        self.tasks = task_service_pb2_grpc.TaskServiceStub(self.channel)
        self.email = f"{uuid.uuid4().hex}@example.com"
        self.token = None

    def call(self, method, request, **headers):
        """Calls with the token, if there is one, and these headers."""
        metadata = [(name.replace("_", "-"), value) for name, value in headers.items()]
        if self.token and "authorization" not in headers:
            metadata.append(("authorization", f"Bearer {self.token}"))
        return method(request, metadata=metadata, timeout=PATIENCE)

    def sign_up(self):
        request = accounts_pb2.SignUpRequest(email=self.email, name="Mara", password=PASSWORD)
        return self.call(self.accounts.SignUp, request).account

    def log_in(self):
        request = session_service_pb2.CreateSessionRequest(email=self.email, password=PASSWORD)
        answer = self.call(self.sessions.CreateSession, request)
        self.token = answer.session.token
        return answer

    def upload(self, content, name="photo.jpg", content_type="", end=True):
        """Uploads in chunks; without `end` the stream stops as if it were cut off."""

        def parts():
            header = transfer_pb2.UploadHeader(name=name, content_type=content_type)
            yield transfer_pb2.UploadImageRequest(header=header)
            for start in range(0, len(content), CHUNK):
                yield transfer_pb2.UploadImageRequest(chunk=content[start : start + CHUNK])
            if end:
                yield transfer_pb2.UploadImageRequest(end=len(content))

        return self.call(self.images.UploadImage, parts()).image

    def download(self, image, revision=0):
        """Downloads in chunks: what it is, and its bytes."""
        request = transfer_pb2.DownloadImageRequest(id=image, revision=revision)
        parts = self.call(self.images.DownloadImage, request)
        first = next(parts)
        assert first.WhichOneof("part") == "image", first
        return first.image, b"".join(part.chunk for part in parts)

    def watch(self, task):
        """Every state of a task that the server tells, up to its end."""
        return [answer.task for answer in self.call(self.tasks.WatchTask, task_service_pb2.WatchTaskRequest(id=task.id))]

    def finish(self, task):
        """Watches a task until it has succeeded."""
        last = self.watch(task)[-1]
        assert last.state == task_pb2.TASK_STATE_SUCCEEDED, last
        return last


def photo(width=640, height=480):
    """A JPEG whose halves and corners can be told apart."""
    picture = Image.new("RGB", (width, height))
    picture.putdata([(x * 255 // width, y * 255 // height, 90) for y in range(height) for x in range(width)])
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=92)
    return file.getvalue()


def opened(content):
    """The picture that these bytes are."""
    return Image.open(io.BytesIO(content))
