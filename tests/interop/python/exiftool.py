"""ExifTool and the server read the same files: what both know of, they tell alike. And what was stripped is gone, and
so is what edits leave behind.

Tags are compared as they are stored. Where ExifTool converts even so, this converts as well.
"""

import io
import json
import re
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from atalaya.images.v1 import analysis_pb2, edit_pb2, evidence_service_pb2_grpc, image_pb2, metadata_pb2, redraw_pb2
from caller import Caller
from PIL import Image, ImageCms, PngImagePlugin

# What the files of `everything` have, and no edit may leave in a file, and what each has to leave.
SECRETS = [b"SERIAL-0042", b"Mara Vega", b"a secret of the maker", b"0123456789abcdef0123456789abcdef", b"xmp.did:1"]
KEPT = {
    "IFD0:Make": "Canon",
    "IFD0:Copyright": "(c) Mara",
    "ExifIFD:ExposureTime": "1/125",
    "ExifIFD:DateTimeOriginal": "2024:05:01 12:34:56",
    "ExifIFD:LensModel": "24-70mm",
}
# Calls of the service that edit nothing.
OTHER_CALLS = {
    "UploadImage", "CreateImage", "GetImage", "ListImages", "GetUsage", "DownloadImage", "GetImageContent",
    "DeleteImage", "ListRevisions", "RevertImage",
}  # fmt: skip
# Tags that both must know in the files of each kind, and the share of all that must be told alike.
TAGS = 100
SHARE = 0.99
KINDS = {"jpg": "JPEG", "png": "PNG", "webp": "WEBP", "tif": "TIFF", "avif": "AVIF", "heic": "HEIC"}
# Those that an edit keeps as they are, and which ExifTool writes all tags to.
EDITED = {".jpg", ".png", ".webp"}
# A still picture by libheif, for Pillow writes none.
HEIC = Path(__file__).resolve().parents[2] / "fuzz/seeds/preflight/still.heic"
DIRECTORIES = {"IFD0", "ExifIFD", "GPS", "InteropIFD", "IFD1"}
# Where ExifTool tells of the file what the structure says of itself.
PLACES = {0x0201, 0x0111}
SPEED, OPENINGS, DEGREES, CLOCK = {0x9201}, {0x9202, 0x9205}, {2, 4}, {7}
NAMED = {
    "JFIF": ["XResolution", "YResolution", "ResolutionUnit"],
    "Adobe": ["DCTEncodeVersion", "ColorTransform"],
    "ICC_Profile": ["ProfileDescription", "ProfileCopyright"],
    "ICC-header": ["ProfileClass", "ColorSpaceData", "ProfileConnectionSpace", "PrimaryPlatform", "ProfileDateTime"],
    "Photoshop": ["CopyrightFlag", "URL", "IPTCDigest", "GlobalAngle", "GlobalAltitude"],
    "PNG": ["Software", "Comment", "Author", "Copyright", "ModifyDate"],
    "PNG-pHYs": ["PixelsPerUnitX", "PixelsPerUnitY"],
    "File": ["Comment"],
}
SETS = {
    "camera": "Make=Canon Model=EOS~R5 Software=Firmware~1.8 Artist=Mara Copyright=(c)~Mara Orientation#=6 "
    "ModifyDate=2024:05:02~08:00:00 ImageDescription=A~tower",
    "exposure": "ExposureTime=1/125 FNumber=2.8 ISO=400 ExposureProgram#=2 ExposureCompensation=-0.7 MeteringMode#=5 "
    "Flash#=25 FocalLength=50 FocalLengthIn35mmFormat=75 WhiteBalance#=1 LightSource#=4 SceneCaptureType#=1",
    "place": "GPSLatitude=48.858333 GPSLatitudeRef=N GPSLongitude=2.29 GPSLongitudeRef=E GPSAltitude=35.5 "
    "GPSAltitudeRef#=0 GPSImgDirection=270.5 GPSImgDirectionRef=M GPSDateStamp=2024:05:01 GPSTimeStamp=10:34:50 "
    "GPSMapDatum=WGS-84 GPSSpeed=3.5 GPSSpeedRef=K GPSDOP=1.2",
    "far": "GPSLatitude=33.51 GPSLatitudeRef=S GPSLongitude=70.6 GPSLongitudeRef=W GPSAltitude=12.5 GPSAltitudeRef#=1 "
    "GPSSatellites=08 GPSStatus=A GPSMeasureMode#=3",
    "times": "DateTimeOriginal=2024:05:01~12:34:56 CreateDate=2024:05:01~12:34:57 SubSecTimeOriginal=120 "
    "OffsetTimeOriginal=+02:00 OffsetTime=+00:00 SubSecTime=7",
    "lens": "LensInfo=24~70~2.8~4 LensMake=Sigma LensModel=24-70mm LensSerialNumber=L7 SerialNumber=SERIAL-0042 "
    "OwnerName=Mara~Vega",
    "apex": "ApertureValue=4 ShutterSpeedValue=1/60 BrightnessValue=3.5 MaxApertureValue=2.8 SubjectDistance=7.25 "
    "DigitalZoomRatio=1.5 ExposureIndex=200",
    "codes": "ColorSpace#=1 ComponentsConfiguration#=1~2~3~0 FileSource#=3 SceneType#=1 CustomRendered#=0 "
    "SensingMethod#=2 ExifImageWidth=48 ExifImageHeight=32 InteropIndex=R98 FlashpixVersion=0100 Gamma=2.2",
    "texts": "UserComment=Ein~Türmchen ImageDescription=Ein~Türmchen XPTitle=Заголовок XPKeywords=eins;zwei "
    "ImageUniqueID=0123456789abcdef0123456789abcdef",
    "captions": "XMP-dc:Title=Tower XMP-dc:Creator=Mara XMP-dc:Creator=Olek XMP-dc:Subject=one XMP-dc:Subject=two "
    "XMP-dc:Description=A~tower XMP-dc:Rights=(c) XMP-dc:Format=image/jpeg XMP-xmp:Rating=4 XMP-photoshop:City=Rīga",
    "history": "XMP-xmp:CreatorTool=GIMP~2.10 XMP-xmpMM:DocumentID=xmp.did:1 XMP-xmpMM:HistoryAction=saved "
    "XMP-xmpMM:HistorySoftwareAgent=GIMP XMP-xmpMM:DerivedFromDocumentID=xmp.did:0 "
    "XMP-xmp:ModifyDate=2024:05:02~08:00:00 XMP-tiff:Orientation#=1",
    "agency": "IPTC:ObjectName=Tower IPTC:Keywords=one IPTC:Keywords=two IPTC:By-line=Mara IPTC:City=Riga "
    "IPTC:Caption-Abstract=A~tower IPTC:DateCreated=2024:05:01 IPTC:SpecialInstructions=FBMD01 "
    "Photoshop:CopyrightFlag#=1 Photoshop:URL=https://example.com/",
    "plain": "",
}


def main(address):
    mara = Caller(address)
    mara.sign_up()
    mara.log_in()
    mara.evidence = evidence_service_pb2_grpc.EvidenceServiceStub(mara.channel)
    with tempfile.TemporaryDirectory() as folder:
        files = made(Path(folder))
        assert len(files) >= 40, len(files)
        alike(mara, files)
        everything = [file for file in files if file.stem == "everything" and file.suffix in EDITED]
        stripped(mara, Path(folder), everything)
        derived(mara, Path(folder), [*everything, tiff(Path(folder), everything[0])])


def made(folder):
    """Files of each kind with each set of tags, and one of each kind with everything."""
    files, arguments = [], []
    sets = dict(SETS, everything=" ".join(SETS.values()))
    for end, kind in KINDS.items():
        for name, tags in sets.items():
            file = folder / f"{name}.{end}"
            file.write_bytes(picture(kind, name))
            files.append(file)
            if tags:
                arguments += [f"-{tag.replace('~', ' ')}" for tag in tags.split(" ")]
                if name in ("camera", "everything") and end == "jpg":
                    (folder / "thumbnail.jpg.bin").write_bytes(picture("JPEG", "plain", (16, 12)))
                    arguments.append(f"-ThumbnailImage<={folder / 'thumbnail.jpg.bin'}")
                arguments += ["-q", "-m", "-charset", "utf8", "-overwrite_original", str(file), "-execute"]
    listed = folder / "arguments"
    listed.write_text("\n".join(arguments), encoding="utf-8")
    exiftool("-@", listed)
    return files


def picture(kind, name, size=(48, 32)):
    if kind == "HEIC":
        return HEIC.read_bytes()
    image = Image.new("RGB", size)
    image.putdata([(x * 5 % 256, y * 7 % 256, x * y % 256) for y in range(size[1]) for x in range(size[0])])
    options = {}
    if name in ("codes", "everything"):
        profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
        options["icc_profile"] = profile.tobytes()
    if name == "everything":
        exif = Image.Exif()
        exif[0x010F] = "Canon"
        exif.get_ifd(0x8769)[0x927C] = b"a secret of the maker's"
        options["exif"] = exif
    if kind == "PNG" and name in ("texts", "everything"):
        options["pnginfo"] = PngImagePlugin.PngInfo()
        options["pnginfo"].add_text("Software", "GIMP")
        options["pnginfo"].add_text("Comment", "a comment", zip=True)
        options["pnginfo"].add_itxt("Author", "Māra")
    if kind == "JPEG":
        options["dpi"] = (300, 300)
        options["comment"] = "a comment"
    file = io.BytesIO()
    image.save(file, kind, quality=90, **options)
    return file.getvalue()


def exiftool(*arguments):
    command = ["exiftool", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, timeout=120)
    return done.stdout.decode("utf-8", "replace")


def alike(mara, files):
    told = json.loads(exiftool("-j", "-n", "-a", "-D", "-G1", "-charset", "utf8", *files))
    shared, differences = Counter(), []
    for file, theirs in zip(files, told, strict=True):
        ours = fields(metadata(mara, file))
        for key, value in theirs.items():
            group, _, name = key.partition(":")
            if not isinstance(value, dict):
                continue
            seen = ours.get(wanted(group, name, value["id"]))
            if seen is None:
                continue
            shared[file.suffix] += 1
            if not equal(group, value["id"], seen, value["val"]):
                differences.append(f"{file.name} {key}: we {seen}, ExifTool {value['val']!r}")
    assert set(shared) == {f".{end}" for end in KINDS} and min(shared.values()) >= TAGS, shared
    share = 1 - len(differences) / shared.total()
    print(f"{shared} tags known to both, {share:.2%} told alike", *differences, sep="\n")
    assert share >= SHARE, "\n".join([f"{share:.2%} of {shared.total()} are told alike:", *differences])


def metadata(mara, file):
    image = mara.upload(file.read_bytes(), name=file.name).id
    return mara.call(mara.evidence.GetMetadata, metadata_pb2.GetMetadataRequest(id=image)).groups


def fields(groups):
    """Values by what they are known by: a directory and a number, or a group and a name."""
    known = {}
    for group in groups:
        for field in group.fields:
            if group.name in DIRECTORIES:
                known.setdefault((group.name, field.tag), []).append(field.raw)
            elif group.name == "XMP":
                prefix, names = flat(field.name)
                known.setdefault((f"XMP-{prefix}", names), []).append(field.raw)
            else:
                known.setdefault((group.name, field.name), []).append(field.raw)
    return known


def flat(path):
    """`xmpMM:History[1]/stEvt:action` is ExifTool's XMP-xmpMM:HistoryAction."""
    prefix = path.partition(":")[0]
    names = [re.sub(r"\[\d+\]", "", step.rpartition(":")[2]) for step in path.split("/")]
    return prefix, "".join(names).lower()


def wanted(group, name, number):
    if group in DIRECTORIES:
        return None if number in PLACES else (group, number)
    if group.startswith("XMP-"):
        return group, name.lower()
    if group == "IPTC":
        return group, name
    if name in NAMED.get(group, []):
        return {"ICC-header": "ICC_Profile", "PNG-pHYs": "PNG"}.get(group, group), name
    return None


def equal(group, number, ours, theirs):
    if group in DIRECTORIES:
        ours = [converted(group, number, ours[0])]
    theirs = theirs if isinstance(theirs, list) else [theirs]
    if group.startswith("ICC") or group in ("IPTC", "PNG") or group.startswith("XMP"):
        ours, theirs = [plain(value) for value in ours], [plain(value) for value in theirs]
    return len(ours) == len(theirs) and all(map(same, ours, theirs))


def plain(value):
    """Dates lose their separators."""
    text = str(value).strip()
    return re.sub(r"[-:T ]", "", text) if re.match(r"^\d{4}[-:]?\d\d[-:]?\d\d", text) else text


def converted(group, number, raw):
    parts = [fraction(part) for part in raw.split(" ")]
    if group == "GPS" and number in DEGREES:
        return parts[0] + parts[1] / 60 + parts[2] / 3600
    if group == "GPS" and number in CLOCK:
        return ":".join(f"{part:02.0f}" for part in parts)
    if group == "ExifIFD" and number in SPEED:
        return 2 ** -parts[0]
    if group == "ExifIFD" and number in OPENINGS:
        return 2 ** (parts[0] / 2)
    return raw


def fraction(text):
    upper, _, lower = text.partition("/")
    try:
        return float(upper) / float(lower or 1)
    except (ValueError, ZeroDivisionError):
        return None


def same(ours, theirs):
    ours, theirs = str(ours).strip(), str(theirs).strip()
    if ours == theirs:
        return True
    numbers = [fraction(part) for part in ours.split(" ")]
    others = [fraction(part) for part in theirs.split(" ")]
    if None not in numbers and None not in others and len(numbers) == len(others):
        if all(abs(a - b) <= 1e-4 * max(1, abs(b)) for a, b in zip(numbers, others)):
            return True
    # Bytes without a meaning are digits here and numbers there.
    digits = [f"{int(part):02x}" for part in theirs.split(" ") if part.isdigit()]
    return bool(digits) and ours == "".join(digits)


def stripped(mara, folder, files):
    """Nothing private is left, neither with nor without the rights, and the profile is."""
    for file in files:
        for keep in (False, True):
            image = mara.upload(file.read_bytes(), name=file.name).id
            request = analysis_pb2.StripMetadataRequest(id=image, keep_copyright=keep)
            mara.finish(mara.call(mara.evidence.StripMetadata, request).task)
            left = folder / f"stripped-{keep}{file.suffix}"
            left.write_bytes(mara.download(image)[1])
            [told] = json.loads(exiftool("-j", "-a", "-u", "-G1", left))
            bad = [key for key in told if private(key, keep)]
            assert not bad, f"{left.name}: {bad}"
            assert "ICC_Profile:ProfileDescription" in told, f"{left.name} has lost its profile"
            assert told.get("IFD0:Orientation") == "Rotate 90 CW", f"{left.name} has lost its orientation"
            assert ("IFD0:Copyright" in told) is keep, f"{left.name}: the rights"
            # It is still the same picture.
            assert Image.open(left).tobytes() == Image.open(file).tobytes(), left.name


def tiff(folder, jpeg):
    """The same with the same tags as a TIFF, whose EXIF is the file itself."""
    file = folder / "everything.tif"
    Image.open(jpeg).save(file, "TIFF")
    exiftool("-q", "-m", "-overwrite_original", "-TagsFromFile", jpeg, "-all:all", "-MakerNotes", file)
    return file


def edits(mara):
    """Every edit of the contract, by a name; those that change nothing too."""
    area = redraw_pb2.Rectangle(x=4, y=4, width=16, height=16)
    nearest, network = edit_pb2.UPSCALE_ALGORITHM_NEAREST_NEIGHBOUR, edit_pb2.UPSCALE_ALGORITHM_AI
    rotate, compress = edit_pb2.RotateImageRequest, edit_pb2.CompressImageRequest
    images = mara.images
    known = {
        "not-turned": (images.RotateImage, rotate(angle=0)),
        "turned": (images.RotateImage, rotate(angle=90)),
        "turned-askew": (images.RotateImage, rotate(angle=33)),
        "gray": (images.GrayscaleImage, edit_pb2.GrayscaleImageRequest()),
        "compressed": (images.CompressImage, compress(quality=10)),
        "compressed-without-loss": (images.CompressImage, compress(quality=100)),
        "compressed-to-a-score": (images.CompressImage, compress(target_score=70)),
        "enlarged": (images.UpscaleImage, edit_pb2.UpscaleImageRequest(algorithm=nearest, scale=2)),
        "enlarged-by-a-network": (images.UpscaleImage, edit_pb2.UpscaleImageRequest(algorithm=network, scale=2)),
        "cut-out": (images.RemoveBackground, redraw_pb2.RemoveBackgroundRequest()),
        "cropped": (images.CropImage, redraw_pb2.CropImageRequest(area=area)),
        "resized": (images.ResizeImage, redraw_pb2.ResizeImageRequest(width=20)),
        "blurred": (images.BlurImage, redraw_pb2.BlurImageRequest(areas=[area])),
    }
    for format in ("JPEG", "PNG", "WEBP"):
        number = image_pb2.ImageFormat.Value(f"IMAGE_FORMAT_{format}")
        known[f"as-{format}"] = (images.ConvertImage, redraw_pb2.ConvertImageRequest(format=number))
    edit_calls = {name for name in dir(images) if not name.startswith("_")} - OTHER_CALLS
    assert edit_calls == {name_of(images, method) for method, _ in known.values()}, edit_calls
    return known


def name_of(stub, method):
    return next(name for name, value in vars(stub).items() if value is method)


def derived(mara, folder, files):
    """Whatever is made of a picture says what the camera did, and not where, with which one, or whose it is."""
    for file in files:
        content = file.read_bytes()
        [told] = json.loads(exiftool("-j", "-a", "-u", "-G1", file))
        assert len([key for key in told if betraying(key)]) > 20 and any(secret in content for secret in SECRETS)
        for name, (method, request) in edits(mara).items():
            image = mara.upload(content, name=file.name).id
            request.id = image
            mara.finish(mara.call(method, request).task)
            first, made = mara.download(image, revision=1)[1], mara.download(image)[1]
            assert first == content, "the upload is the evidence"
            what = f"{file.name}, {name}"
            if made == content:
                # What can't be made smaller or is upright already is not made anew in a format that we don't write.
                assert file.suffix == ".tif" and name in ("not-turned", "compressed-without-loss"), what
                continue
            left = folder / f"derived{file.suffix}"
            left.write_bytes(made)
            [told] = json.loads(exiftool("-j", "-a", "-u", "-G1", left))
            bad = [key for key in told if betraying(key)]
            assert not bad, f"{what}: {bad}"
            assert not [secret for secret in SECRETS if secret in made], what
            kept = {key: told.get(key) for key in KEPT}
            assert kept == KEPT, f"{what}: {kept}"
            if name != "gray":
                assert "ICC_Profile:ProfileDescription" in told, f"{what} has lost its profile"


def betraying(key):
    group, _, name = key.partition(":")
    groups = ("GPS", "IFD1", "IPTC", "Photoshop", "MakerNotes", "XMP-", "Canon")
    names = ("GPS", "Serial", "Owner", "MakerNote", "Thumbnail", "Preview", "UserComment", "UniqueID", "XPTitle")
    return group.startswith(groups) or any(part in name for part in names) or key in ("File:Comment", "PNG:Comment")


def private(key, keep):
    group, _, name = key.partition(":")
    if group == "IFD0":
        return name not in ("Orientation", *(("Artist", "Copyright") if keep else ()))
    if group == "PNG" and name in ("Software", "Comment", "Author", "ModifyDate"):
        return not (keep and name in ("Author", "Copyright"))
    private_groups = ("ExifIFD", "GPS", "IFD1", "InteropIFD", "IPTC", "Photoshop", "MakerNotes", "XMP-")
    return group.startswith(private_groups) or "Thumbnail" in name or key == "File:Comment"


if __name__ == "__main__":
    main(sys.argv[1])
