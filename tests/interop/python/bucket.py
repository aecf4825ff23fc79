"""Images in a bucket, seen from both sides: through the server, and by an S3 client that looks into the bucket itself."""

import hashlib
import os
import sys
import time

import grpc
from atalaya.images.v1 import edit_pb2, image_service_pb2
from caller import Caller, opened, photo
from failures import refused
from minio import Minio

BUCKET = "pictures"
PREFIX = "atalaya/"
PATIENCE = 30


def client(endpoint):
    return Minio(
        endpoint,
        access_key=os.environ["AWS_ACCESS_KEY_ID"],
        secret_key=os.environ["AWS_SECRET_ACCESS_KEY"],
        secure=False,
    )


def make(endpoint):
    client(endpoint).make_bucket(BUCKET)


def walk(address, endpoint):
    """Each state of an image is one object of exactly its bytes; nothing is left when the image goes."""
    bucket, mara = client(endpoint), Caller(address)
    mara.sign_up()
    mara.log_in()
    original = photo()
    image = mara.upload(original)
    assert list(hashes(bucket)) == [image.revision.sha256]

    mara.finish(mara.call(mara.images.RotateImage, edit_pb2.RotateImageRequest(id=image.id, angle=90)).task)
    info, content = mara.download(image.id)
    assert opened(content).size == (480, 640)
    assert mara.download(image.id, revision=1)[1] == original
    assert sorted(hashes(bucket)) == sorted([image.revision.sha256, info.revision.sha256])

    mara.call(mara.images.DeleteImage, image_service_pb2.DeleteImageRequest(id=image.id))
    emptied(bucket)


def emptied(bucket):
    """Bytes go behind the call that deletes their image: looks until they are gone."""
    deadline = time.monotonic() + PATIENCE
    while left := list(bucket.list_objects(BUCKET, recursive=True)):
        assert time.monotonic() < deadline, left
        time.sleep(0.05)


def outage(address):
    """A store that does not answer is an error in words, and loses nothing but the upload that was refused."""
    mara = Caller(address)
    mara.sign_up()
    mara.log_in()
    refused((grpc.StatusCode.UNAVAILABLE, "STORAGE_UNAVAILABLE"), lambda: mara.upload(photo()))
    assert mara.call(mara.images.ListImages, image_service_pb2.ListImagesRequest()).total_size == 0


def hashes(bucket):
    """SHA-256 of every object in the bucket; all of them have the prefix."""
    for entry in bucket.list_objects(BUCKET, recursive=True):
        assert entry.object_name.startswith(PREFIX), entry.object_name
        answer = bucket.get_object(BUCKET, entry.object_name)
        try:
            yield hashlib.sha256(answer.read()).hexdigest()
        finally:
            answer.close()
            answer.release_conn()


if __name__ == "__main__":
    step, *arguments = sys.argv[1:]
    {"make": make, "walk": walk, "outage": outage}[step](*arguments)
