//! What the routes of Image Processing read (facts 1.6).

use atalaya_proto::images::v1 as pb;
use utoipa::{IntoParams, ToSchema};

use super::{
    field::Wrong,
    form::{Form, Shape},
};

/// The largest whole number that every JSON reader takes as it is: 2^53 - 1.
const ANGLE_LIMIT: i64 = 9_007_199_254_740_991;
/// Degrees of a full turn.
const TURN: i64 = 360;

/// An image in the path.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct ImageId {
    /// Image identifier.
    #[param(format = "uuid", example = "75079971-fb0e-4e04-bf07-ceb57faebe84")]
    pub(super) image_id: String,
}

impl Shape for ImageId {
    fn read(form: &mut Form) -> Result<Self, Wrong> {
        Ok(Self { image_id: form.path("image_id").uuid()? })
    }
}

/// How to turn.
#[derive(ToSchema)]
pub(super) struct Rotate {
    /// Degrees; positive is counter-clockwise.
    #[schema(minimum = -9_007_199_254_740_991_i64, maximum = 9_007_199_254_740_991_i64, example = 90)]
    angle: i64,
}

impl Shape for Rotate {
    const BODY: bool = true;

    fn read(form: &mut Form) -> Result<Self, Wrong> {
        Ok(Self { angle: form.body("angle").int(-ANGLE_LIMIT..=ANGLE_LIMIT)? })
    }
}

impl Rotate {
    /// The same angle as the contract can hold it.
    pub(super) fn within_a_turn(&self) -> i32 {
        (self.angle % TURN) as i32
    }
}

/// How to enlarge.
#[derive(ToSchema)]
pub(super) struct Upscale {
    #[schema(inline)]
    algorithm: Algorithm,
    #[schema(minimum = 2, maximum = 4, example = 4)]
    scale: i32,
}

#[derive(Clone, Copy, ToSchema)]
enum Algorithm {
    #[schema(rename = "AI")]
    Ai,
    NearestNeighbour,
}

impl Shape for Upscale {
    const BODY: bool = true;

    fn read(form: &mut Form) -> Result<Self, Wrong> {
        let algorithms = [("AI", Algorithm::Ai), ("NearestNeighbour", Algorithm::NearestNeighbour)];
        let (algorithm, scale) = (form.body("algorithm").choice(&algorithms), form.body("scale").int(2..=4));
        Ok(Self { algorithm: algorithm?, scale: scale? as i32 })
    }
}

impl Upscale {
    pub(super) fn into_request(self, id: String) -> pb::UpscaleImageRequest {
        let algorithm = match self.algorithm {
            Algorithm::Ai => pb::UpscaleAlgorithm::Ai,
            Algorithm::NearestNeighbour => pb::UpscaleAlgorithm::NearestNeighbour,
        };
        // The document knows no styles; it is about photos.
        let style = pb::UpscaleStyle::Photo.into();
        pb::UpscaleImageRequest { id, algorithm: algorithm.into(), scale: self.scale, style }
    }
}

/// How far to shrink the file.
#[derive(ToSchema)]
pub(super) struct Compress {
    /// 0 is the smallest, 100 the best.
    #[schema(minimum = 0, maximum = 100, example = 85)]
    pub(super) quality: i32,
}

impl Shape for Compress {
    const BODY: bool = true;

    fn read(form: &mut Form) -> Result<Self, Wrong> {
        Ok(Self { quality: form.body("quality").int(0..=100)? as i32 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_angle_is_within_a_turn() {
        let turned = [0, 90, -90, 360, 450, -810, ANGLE_LIMIT].map(|angle| Rotate { angle }.within_a_turn());
        assert_eq!(turned, [0, 90, -90, 0, 90, -90, (ANGLE_LIMIT % 360) as i32]);
    }
}
