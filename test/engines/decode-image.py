"""Decodes all frames of an image with Pillow and pillow-heif.

    python decode-image.py <image> <pixels>

Writes the raw pixels of all frames to the file <pixels>, one after the other, and prints what else there is as JSON.
"""

import base64
import json
import sys

import pillow_heif
from PIL import Image, ImageSequence

pillow_heif.register_heif_opener()


def text(value):
    return base64.b64encode(value).decode() if value else None


image_path, pixels_path = sys.argv[1:]
with Image.open(image_path) as image, open(pixels_path, "wb") as pixels:
    frames = []
    for frame in ImageSequence.Iterator(image):
        data = frame.tobytes()
        pixels.write(data)
        frames.append({"bytes": len(data), "duration": frame.info.get("duration", 0)})
    print(
        json.dumps(
            {
                "format": image.format,
                "width": image.width,
                "height": image.height,
                "mode": image.mode,
                "orientation": image.getexif().get(0x0112, 1),
                "icc": text(image.info.get("icc_profile")),
                "exif": text(image.info.get("exif")),
                "xmp": text(image.info.get("xmp")),
                "thumbnails": len(image.info.get("thumbnails", [])),
                "depthImages": len(image.info.get("depth_images", [])),
                "auxiliaryImages": sorted(image.info.get("aux", {})),
                "frames": frames,
            }
        )
    )
