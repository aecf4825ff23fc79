"""What goes wrong arrives with its code and its reason, for a client that has only the standard error details."""

import sys
import uuid

import grpc
from atalaya.errors.v1 import reason_pb2
from atalaya.images.v1 import edit_pb2, image_service_pb2, transfer_pb2
from atalaya.tasks.v1 import task_service_pb2
from atalaya.users.v1 import account_service_pb2, session_service_pb2
from caller import Caller, photo
from google.rpc import error_details_pb2
from grpc_status import rpc_status

Code = grpc.StatusCode
# One byte more than an upload may have.
TOO_LARGE = (32 << 20) + 1


def main(address):
    nobody, mara, other = Caller(address), Caller(address), Caller(address)
    for caller in (mara, other):
        caller.sign_up()
        caller.log_in()
    doors(nobody, mara)
    uploads(mara)
    edits(mara, other)


def doors(nobody, mara):
    own = account_service_pb2.GetOwnAccountRequest()
    unauthenticated = (Code.UNAUTHENTICATED, "NOT_AUTHENTICATED")
    refused(unauthenticated, lambda: nobody.call(nobody.accounts.GetOwnAccount, own))
    forged = f"Bearer {mara.token[:-4]}AAAA"
    refused(unauthenticated, lambda: nobody.call(nobody.accounts.GetOwnAccount, own, authorization=forged))
    refused((Code.PERMISSION_DENIED, "ALREADY_AUTHENTICATED"), mara.sign_up)

    taken = account_service_pb2.SignUpRequest(email=mara.email.upper(), name="Mara", password="another password")
    info = refused((Code.ALREADY_EXISTS, "EMAIL_TAKEN"), lambda: nobody.call(nobody.accounts.SignUp, taken))
    assert info.metadata["email"] == mara.email, info
    short = account_service_pb2.SignUpRequest(email=nobody.email, name="Nobody", password="1234567")
    info = refused((Code.INVALID_ARGUMENT, "PASSWORD_LENGTH"), lambda: nobody.call(nobody.accounts.SignUp, short))
    assert (info.metadata["min"], info.metadata["max"]) == ("8", "255"), info
    wrong = session_service_pb2.CreateSessionRequest(email=mara.email, password="wrong")
    refused((Code.UNAUTHENTICATED, "CREDENTIALS_INVALID"), lambda: nobody.call(nobody.sessions.CreateSession, wrong))


def uploads(mara):
    invalid = lambda reason: (Code.INVALID_ARGUMENT, reason)
    refused(invalid("IMAGE_EMPTY"), lambda: mara.upload(b""))
    refused(invalid("IMAGE_FORMAT_UNSUPPORTED"), lambda: mara.upload(b"not an image at all"))
    refused(invalid("IMAGE_MALFORMED"), lambda: mara.upload(photo()[:2000]))
    refused(invalid("CONTENT_TYPE_MISMATCH"), lambda: mara.upload(photo(), content_type="image/png"))
    refused(invalid("IMAGE_NAME_INVALID"), lambda: mara.upload(photo(), name="../photo.jpg"))
    refused(invalid("UPLOAD_INCOMPLETE"), lambda: mara.upload(photo(), end=False))
    refused(invalid("IMAGE_TOO_LARGE"), lambda: mara.upload(photo() + bytes(TOO_LARGE)))
    request = image_service_pb2.ListImagesRequest()
    assert mara.call(mara.images.ListImages, request).total_size == 0, "a refused upload leaves nothing"


def edits(mara, other):
    image = mara.upload(photo()).id
    images, tasks = mara.images, mara.tasks
    missing = (Code.NOT_FOUND, "IMAGE_NOT_FOUND")
    for stranger, id in ((mara, str(uuid.uuid4())), (other, image)):
        request = transfer_pb2.GetImageContentRequest(id=id)
        info = refused(missing, lambda: stranger.call(stranger.images.GetImageContent, request))
        assert info.metadata["id"] == id, info
    invalid = lambda reason: (Code.INVALID_ARGUMENT, reason)
    nameless = image_service_pb2.GetImageRequest(id="no-uuid")
    refused(invalid("ID_INVALID"), lambda: mara.call(images.GetImage, nameless))
    page = image_service_pb2.ListImagesRequest(page_size=1001)
    refused(invalid("PAGE_INVALID"), lambda: mara.call(images.ListImages, page))
    best = edit_pb2.CompressImageRequest(id=image, quality=101)
    refused(invalid("QUALITY_INVALID"), lambda: mara.call(images.CompressImage, best))
    five = edit_pb2.UpscaleImageRequest(id=image, algorithm=edit_pb2.UPSCALE_ALGORITHM_NEAREST_NEIGHBOUR, scale=5)
    refused(invalid("SCALE_INVALID"), lambda: mara.call(images.UpscaleImage, five))
    unknown = task_service_pb2.GetTaskRequest(id=f"rotate_image:{uuid.uuid4()}")
    refused((Code.NOT_FOUND, "TASK_NOT_FOUND"), lambda: mara.call(tasks.GetTask, unknown))
    nowhere = transfer_pb2.DownloadImageRequest(id=image, revision=9)
    refused((Code.NOT_FOUND, "REVISION_NOT_FOUND"), lambda: list(mara.call(images.DownloadImage, nowhere)))


def refused(wanted, act):
    """The ErrorInfo of a call that fails with this code and this reason."""
    try:
        answer = act()
    except grpc.RpcError as error:
        assert error.code() == wanted[0], (wanted, error.code(), error.details())
        infos = [info for detail in rpc_status.from_call(error).details if (info := error_info(detail))]
        assert [(info.domain, info.reason) for info in infos] == [("atalaya", wanted[1])], (wanted, infos)
        reason_pb2.Reason.Value(f"REASON_{wanted[1]}")
        assert error.details(), "a failure says something to people"
        return infos[0]
    raise AssertionError(f"not refused with {wanted}: {answer}")


def error_info(detail):
    info = error_details_pb2.ErrorInfo()
    return info if detail.Unpack(info) else None


if __name__ == "__main__":
    main(sys.argv[1])
