//! Larger pictures by neural networks, and by Lanczos' filter what networks must not touch: transparency.

use super::{
    super::{Failure, raster::Pixels, redraw::resize},
    Engine, Tools,
    bleed::bleed,
    planes::Planes,
    tiling::Tiling,
};
use crate::images::model::{Enlargement, Enlarger, Size, Style};

/// Of upconv_7_photo, whose result is exact with 7 pixels around each piece.
fn photo(tile: usize) -> Tiling {
    Tiling { tile, context: 7, scale: 2 }
}

/// Of realesr-animevideov3.
fn illustration(tile: usize) -> Tiling {
    Tiling { tile, context: 10, scale: 4 }
}

/// A picture enlarged. `lossy` tells that it was stored so, with flaws that shall not be enlarged. Samples keep their
/// 8 or 16 bits, and gray stays gray.
pub(in super::super) fn enlarge(
    pixels: &Pixels,
    enlargement: Enlargement,
    lossy: bool,
    tools: Tools<'_>,
    progress: &mut dyn FnMut(u16),
) -> Result<Pixels, Failure> {
    let size = Size {
        width: pixels.raster.width as u32 * enlargement.scale.factor(),
        height: pixels.raster.height as u32 * enlargement.scale.factor(),
    };
    let (mut colours, alpha) = Planes::of(pixels);
    if let Some(alpha) = &alpha {
        bleed(&mut colours, alpha);
    }
    let passes = passes(enlargement, lossy, tools.engine);
    let mut done = Done { pieces: 0, of: all_pieces(&passes, &colours), progress };
    for (model, tiling) in passes {
        let mut network = tools.network(model)?;
        colours = tiling.run(&mut network, &colours, &mut || done.one_more())?;
    }
    if pixels.samples() < 3 {
        colours = colours.mean();
    }
    let colours = resize::resize(colours.pixels(pixels.wide), size)?;
    let Some(alpha) = alpha else { return Ok(colours) };
    let alpha = resize::resize(alpha.pixels(pixels.wide), size)?;
    Ok(joined(&colours, &alpha))
}

/// Which of the job's networks, one after the other. The first of a photo's two also takes flaws away.
fn passes(enlargement: Enlargement, lossy: bool, engine: &Engine) -> Vec<(usize, Tiling)> {
    let Enlarger { tile, context, scale } = engine.contracts().enlarger;
    let detail = Tiling { tile: tile.into(), context: context.into(), scale: scale.into() };
    let (photo, illustration) = (photo(engine.piece()), illustration(engine.piece()));
    let first = usize::from(!lossy);
    match (enlargement.style, enlargement.scale.factor()) {
        (Style::Photo, 2) => vec![(first, photo)],
        (Style::Photo, _) => vec![(first, photo), (1, photo)],
        (Style::Illustration, _) => vec![(0, illustration)],
        (Style::Detail, factor) if (factor as usize) <= detail.scale => vec![(0, detail)],
        (Style::Detail, _) => vec![(0, detail); 2],
    }
}

/// Pieces of all passes, each counted as many times as the picture has grown.
fn all_pieces(passes: &[(usize, Tiling)], picture: &Planes) -> usize {
    let (mut width, mut height) = (picture.width, picture.height);
    let mut all = 0;
    for (_, tiling) in passes {
        all += tiling.pieces(width, height);
        (width, height) = (width * tiling.scale, height * tiling.scale);
    }
    all
}

struct Done<'a> {
    pieces: usize,
    of: usize,
    progress: &'a mut dyn FnMut(u16),
}

impl Done<'_> {
    fn one_more(&mut self) {
        self.pieces += 1;
        (self.progress)((self.pieces * 1000 / self.of.max(1)).min(1000) as u16);
    }
}

/// Colours with alpha behind each.
fn joined(colours: &Pixels, alpha: &Pixels) -> Pixels {
    let mut raster = colours.raster.clone();
    let (colour, extra) = (colours.raster.pixel, alpha.raster.pixel);
    raster.pixel = colour + extra;
    let pixels = colours.raster.data.chunks_exact(colour).zip(alpha.raster.data.chunks_exact(extra));
    raster.data = pixels.flat_map(|(colour, alpha)| colour.iter().chain(alpha)).copied().collect();
    Pixels { raster, wide: colours.wide }
}
