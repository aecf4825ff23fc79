//! What the routes of pictures drawn anew read. The document does not have them; they are in its style.

use atalaya_proto::images::v1 as pb;
use utoipa::ToSchema;

use super::{
    field::Wrong,
    form::{Form, Shape},
};

/// Longest side of an image, in pixels.
const MAX_SIDE: i64 = 30_000;
/// The quality of a conversion for which none is asked.
const USUAL_QUALITY: i64 = 90;

/// A rectangle of the image as it is shown, in pixels from its upper left corner.
#[derive(ToSchema)]
pub(super) struct Area {
    #[schema(minimum = 0, maximum = 29_999, example = 10)]
    x: i32,
    #[schema(minimum = 0, maximum = 29_999, example = 20)]
    y: i32,
    #[schema(minimum = 1, maximum = 30_000, example = 300)]
    width: i32,
    #[schema(minimum = 1, maximum = 30_000, example = 200)]
    height: i32,
}

impl Shape for Area {
    const BODY: bool = true;

    fn read(form: &mut Form) -> Result<Self, Wrong> {
        let [x, y] = ["x", "y"].map(|name| form.body(name).int(0..=MAX_SIDE - 1));
        let [width, height] = ["width", "height"].map(|name| form.body(name).int(1..=MAX_SIDE));
        Ok(Self { x: x? as i32, y: y? as i32, width: width? as i32, height: height? as i32 })
    }
}

impl From<Area> for pb::Rectangle {
    fn from(Area { x, y, width, height }: Area) -> Self {
        Self { x, y, width, height }
    }
}

/// How large; a side that is left out, or 0, keeps the shape.
#[derive(ToSchema)]
pub(super) struct Resize {
    #[schema(minimum = 0, maximum = 30_000, default = 0, required = false, example = 800)]
    pub(super) width: i32,
    #[schema(minimum = 0, maximum = 30_000, default = 0, required = false)]
    pub(super) height: i32,
}

impl Shape for Resize {
    const BODY: bool = true;

    fn read(form: &mut Form) -> Result<Self, Wrong> {
        let [width, height] = ["width", "height"].map(|name| form.body(name).or(0).int(0..=MAX_SIDE));
        Ok(Self { width: width? as i32, height: height? as i32 })
    }
}

/// What the image becomes.
#[derive(ToSchema)]
pub(super) struct Convert {
    #[schema(inline)]
    format: Target,
    /// 0 is the smallest, 100 the best; PNG has no need of it.
    #[schema(minimum = 0, maximum = 100, default = 90, required = false, example = 85)]
    quality: i32,
}

#[derive(Clone, Copy, ToSchema)]
enum Target {
    #[schema(rename = "jpeg")]
    Jpeg,
    #[schema(rename = "png")]
    Png,
    #[schema(rename = "webp")]
    WebP,
}

impl Shape for Convert {
    const BODY: bool = true;

    fn read(form: &mut Form) -> Result<Self, Wrong> {
        let formats = [("jpeg", Target::Jpeg), ("png", Target::Png), ("webp", Target::WebP)];
        let format = form.body("format").choice(&formats);
        let quality = form.body("quality").or(USUAL_QUALITY).int(0..=100);
        Ok(Self { format: format?, quality: quality? as i32 })
    }
}

impl Convert {
    pub(super) fn into_request(self, id: String) -> pb::ConvertImageRequest {
        let format = match self.format {
            Target::Jpeg => pb::ImageFormat::Jpeg,
            Target::Png => pb::ImageFormat::Png,
            Target::WebP => pb::ImageFormat::Webp,
        };
        pb::ConvertImageRequest { id, format: format.into(), quality: Some(self.quality) }
    }
}
