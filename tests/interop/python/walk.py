"""A photo goes through the server by generated stubs alone: up, turned, grey, smaller, and down again."""

import hashlib
import sys

from atalaya.images.v1 import edit_pb2, image_pb2, image_service_pb2, transfer_pb2
from atalaya.tasks.v1 import task_pb2, task_service_pb2
from atalaya.users.v1 import account_pb2, account_service_pb2, session_service_pb2
from caller import Caller, opened, photo
from PIL import Image, ImageChops, ImageStat

# Levels of 255 that a lossy turn may differ by, on average.
TOLERANCE = 3


def main(address):
    mara = Caller(address)
    come_in(mara)
    original = photo()
    image = upload(mara, original)
    turn(mara, image, original)
    grey(mara, image)
    shrink(mara, image)
    look_back(mara, image, original)
    leave(mara, image)


def come_in(mara):
    account = mara.sign_up()
    assert account.email == mara.email and account.role == account_pb2.ROLE_USER and account.active, account
    answer = mara.log_in()
    assert answer.account.id == account.id, answer
    assert answer.session.expire_time.ToSeconds() > account.create_time.ToSeconds(), answer
    own = mara.call(mara.accounts.GetOwnAccount, account_service_pb2.GetOwnAccountRequest()).account
    assert own.id == account.id, own


def upload(mara, original):
    """By stream and in one message: the same bytes are the same revision."""
    streamed = mara.upload(original, content_type="image/jpeg")
    request = transfer_pb2.CreateImageRequest(header=transfer_pb2.UploadHeader(name="again.jpg"), content=original)
    whole = mara.call(mara.images.CreateImage, request).image
    for image in (streamed, whole):
        revision = image.revision
        assert (revision.number, revision.operation) == (1, "upload"), image
        assert revision.format == image_pb2.IMAGE_FORMAT_JPEG, image
        assert (revision.width, revision.height, revision.size) == (640, 480, len(original)), image
        assert revision.sha256 == hashlib.sha256(original).hexdigest(), image
    assert (streamed.name, whole.name) == ("photo.jpg", "again.jpg")
    listed = mara.call(mara.images.ListImages, image_service_pb2.ListImagesRequest())
    assert {image.id for image in listed.images} == {streamed.id, whole.id}, listed
    assert listed.total_size == 2, listed
    return streamed.id


def turn(mara, image, original):
    task = mara.call(mara.images.RotateImage, edit_pb2.RotateImageRequest(id=image, angle=90)).task
    assert task.name == f"rotate_image:{image}", task
    states = mara.watch(task)
    assert states[-1].state == task_pb2.TASK_STATE_SUCCEEDED, states
    assert all(state.description for state in states), states
    progress = [state.progress_permille for state in states]
    assert progress == sorted(progress) and progress[-1] == 1000, states
    named = mara.call(mara.tasks.GetTask, task_service_pb2.GetTaskRequest(id=task.name)).task
    assert named.id == task.id and named.state == task_pb2.TASK_STATE_SUCCEEDED, named

    info, content = mara.download(image)
    assert (info.revision.number, info.revision.operation) == (2, "rotate_image"), info
    turned, wanted = opened(content), opened(original).transpose(Image.Transpose.ROTATE_90)
    assert turned.format == "JPEG" and turned.size == wanted.size == (480, 640), turned
    assert max(ImageStat.Stat(ImageChops.difference(turned, wanted)).mean) < TOLERANCE


def grey(mara, image):
    mara.finish(mara.call(mara.images.GrayscaleImage, edit_pb2.GrayscaleImageRequest(id=image)).task)
    red, green, blue = opened(mara.download(image)[1]).convert("RGB").split()
    assert ImageChops.difference(red, green).getbbox() is None
    assert ImageChops.difference(green, blue).getbbox() is None


def shrink(mara, image):
    _, before = mara.download(image)
    request = edit_pb2.CompressImageRequest(id=image, quality=30)
    mara.finish(mara.call(mara.images.CompressImage, request, idempotency_key="shrink-once").task)
    again = mara.call(mara.images.CompressImage, request, idempotency_key="shrink-once").task
    assert again.state == task_pb2.TASK_STATE_SUCCEEDED, "a repeated call is answered with the first one's task"
    _, after = mara.download(image)
    assert len(after) < len(before), (len(before), len(after))
    assert opened(after).size == (480, 640)


def look_back(mara, image, original):
    """Every state is still there, the first one byte for byte."""
    request = image_service_pb2.ListRevisionsRequest(id=image)
    revisions = mara.call(mara.images.ListRevisions, request).revisions
    operations = [(revision.number, revision.operation) for revision in revisions]
    assert operations == [(1, "upload"), (2, "rotate_image"), (3, "grayscale_image"), (4, "compress_image")], revisions
    request = transfer_pb2.GetImageContentRequest(id=image, revision=1)
    first = mara.call(mara.images.GetImageContent, request)
    assert first.content == original and first.image.revision.number == 1, first.image
    reverted = mara.call(mara.images.RevertImage, image_service_pb2.RevertImageRequest(id=image, revision=1)).image
    assert reverted.revision.number == 5 and reverted.revision.operation == "revert", reverted
    assert mara.download(image)[1] == original


def leave(mara, image):
    mara.call(mara.images.DeleteImage, image_service_pb2.DeleteImageRequest(id=image))
    listed = mara.call(mara.images.ListImages, image_service_pb2.ListImagesRequest())
    assert image not in {left.id for left in listed.images}, listed
    mara.call(mara.sessions.EndSession, session_service_pb2.EndSessionRequest())


if __name__ == "__main__":
    main(sys.argv[1])
