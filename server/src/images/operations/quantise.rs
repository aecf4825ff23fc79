//! Few colours instead of many: boxes of colours split where they vary most, their centres refined, pixels
//! dithered onto them.

use super::raster::Raster;

/// Bits of each sample that tell the histogram's cells apart.
const CELL_BITS: u32 = 5;
/// Cells of all levels of alpha, and of what is opaque.
const CELLS: usize = ((1 << CELL_BITS) + 1) << (3 * CELL_BITS);
/// How often the centres are moved to the middle of what is nearest to them.
const REFINEMENTS: usize = 4;
/// How much of an error is passed on to the neighbours, of 16. All of it would make noise in plain areas.
const DITHER: i32 = 13;
/// How much the eye minds an error in red, green, blue and alpha.
const WEIGHTS: [f32; 4] = [0.55, 0.75, 0.45, 0.85];

/// How far what is opaque is from anything that is not quite: too far to share a colour with it.
const OPAQUE_GAP: f32 = 2000.0;

/// A picture in the colours of a palette.
pub(super) struct Quantised {
    /// One a pixel.
    pub(super) indices: Vec<u8>,
    /// RGBA, the translucent colours first.
    pub(super) palette: Vec<[u8; 4]>,
}

/// Reduces RGBA pixels to at most `colours` colours, 1 to 256.
pub(super) fn quantise(source: &Raster, colours: usize) -> Quantised {
    let pixels = source.data.as_chunks::<4>().0;
    let mut cells = histogram(pixels);
    let mut centres = split(&mut cells, colours.clamp(1, 256));
    for _ in 0..REFINEMENTS {
        refine(&cells, &mut centres);
    }
    let mut palette: Vec<[u8; 4]> = centres.iter().map(to_colour).collect();
    palette.sort_unstable_by_key(|&[r, g, b, a]| (a == 255, r, g, b, a));
    palette.dedup();
    let indices = dither(pixels, source.width, &palette);
    Quantised { indices, palette }
}

/// Weighted, premultiplied RGBA: equal distances look equally far, and what is transparent has no colour.
type Point = [f32; 4];

struct Cell {
    point: Point,
    count: f32,
}

fn to_point([r, g, b, a]: [u8; 4]) -> Point {
    let alpha = f32::from(a) / 255.0;
    let [r, g, b] = [r, g, b].map(|sample| f32::from(sample) * alpha);
    let gap = if a == 255 { OPAQUE_GAP } else { 0.0 };
    [r * WEIGHTS[0], g * WEIGHTS[1], b * WEIGHTS[2], f32::from(a) * WEIGHTS[3] + gap]
}

fn to_colour(point: &Point) -> [u8; 4] {
    let alpha = (point[3] / WEIGHTS[3]).round().clamp(0.0, 255.0);
    if alpha == 0.0 {
        return [0; 4];
    }
    let sample = |i: usize| (point[i] / WEIGHTS[i] * 255.0 / alpha).round().clamp(0.0, 255.0) as u8;
    [sample(0), sample(1), sample(2), alpha as u8]
}

/// What is opaque has cells of its own.
fn cell_of([r, g, b, a]: [u8; 4]) -> usize {
    let high = |sample: u8| usize::from(sample >> (8 - CELL_BITS));
    let alpha = if a == 255 { 1 << CELL_BITS } else { high(a) };
    ((alpha << CELL_BITS | high(r)) << CELL_BITS | high(g)) << CELL_BITS | high(b)
}

fn histogram(pixels: &[[u8; 4]]) -> Vec<Cell> {
    let mut table = vec![0_u32; CELLS];
    let mut sums: Vec<([u64; 4], u64)> = Vec::new();
    for &pixel in pixels {
        let pixel = if pixel[3] == 0 { [0; 4] } else { pixel };
        let slot = &mut table[cell_of(pixel)];
        if *slot == 0 {
            sums.push(([0; 4], 0));
            *slot = sums.len() as u32;
        }
        let (sum, count) = &mut sums[*slot as usize - 1];
        sum.iter_mut().zip(pixel).for_each(|(sum, sample)| *sum += u64::from(sample));
        *count += 1;
    }
    let mean = |(sum, count): &([u64; 4], u64)| Cell {
        point: to_point(sum.map(|s| ((s + count / 2) / count) as u8)),
        count: *count as f32,
    };
    sums.iter().map(mean).collect()
}

/// A run of cells, their weight, centre, and how far they spread along each axis.
struct Part {
    start: usize,
    end: usize,
    centre: Point,
    spread: Point,
}

impl Part {
    fn new(cells: &[Cell], start: usize, end: usize) -> Self {
        let mut sums = [0.0_f64; 4];
        let mut squares = [0.0_f64; 4];
        let mut count = 0.0_f64;
        for cell in &cells[start..end] {
            let weight = f64::from(cell.count);
            count += weight;
            for (axis, &value) in cell.point.iter().enumerate() {
                sums[axis] += weight * f64::from(value);
                squares[axis] += weight * f64::from(value).powi(2);
            }
        }
        let centre = sums.map(|sum| (sum / count) as f32);
        let spread = std::array::from_fn(|axis| (squares[axis] - sums[axis].powi(2) / count) as f32);
        Self { start, end, centre, spread }
    }

    fn axis(&self) -> usize {
        (0..4).max_by(|&a, &b| self.spread[a].total_cmp(&self.spread[b])).unwrap_or(0)
    }

    fn error(&self) -> f32 {
        if self.end - self.start < 2 { 0.0 } else { self.spread.iter().sum() }
    }
}

/// The centres of at most `most` boxes, made by halving the one with the greatest error again and again.
fn split(cells: &mut [Cell], most: usize) -> Vec<Point> {
    let mut parts = vec![Part::new(cells, 0, cells.len())];
    while parts.len() < most {
        let worst = (0..parts.len()).max_by(|&a, &b| parts[a].error().total_cmp(&parts[b].error()));
        let Some(worst) = worst.filter(|&i| parts[i].error() > 0.0) else { break };
        let part = parts.swap_remove(worst);
        let (axis, run) = (part.axis(), &mut cells[part.start..part.end]);
        run.sort_unstable_by(|a, b| a.point[axis].total_cmp(&b.point[axis]));
        let half = run.partition_point(|cell| cell.point[axis] < part.centre[axis]).clamp(1, run.len() - 1);
        let middle = part.start + half;
        parts.push(Part::new(cells, part.start, middle));
        parts.push(Part::new(cells, middle, part.end));
    }
    parts.iter().map(|part| part.centre).collect()
}

fn refine(cells: &[Cell], centres: &mut [Point]) {
    let mut sums = vec![([0.0_f64; 4], 0.0_f64); centres.len()];
    for cell in cells {
        let (sum, count) = &mut sums[nearest(centres, &cell.point)];
        let weight = f64::from(cell.count);
        sum.iter_mut().zip(cell.point).for_each(|(sum, value)| *sum += weight * f64::from(value));
        *count += weight;
    }
    for (centre, (sum, count)) in centres.iter_mut().zip(sums) {
        if count > 0.0 {
            *centre = sum.map(|sum| (sum / count) as f32);
        }
    }
}

fn nearest(centres: &[Point], point: &Point) -> usize {
    let mut best = (f32::INFINITY, 0);
    for (i, centre) in centres.iter().enumerate() {
        let distance = distance(centre, point);
        if distance < best.0 {
            best = (distance, i);
        }
    }
    best.1
}

/// The palette, with the few colours that can be nearest to anything in a cell found once for each cell.
struct Lookup {
    points: Vec<Point>,
    cells: Vec<Option<Box<[u8]>>>,
}

impl Lookup {
    fn new(palette: &[[u8; 4]]) -> Self {
        let cells = std::iter::repeat_with(|| None).take(CELLS).collect();
        Self { points: palette.iter().copied().map(to_point).collect(), cells }
    }

    fn nearest(&mut self, colour: [u8; 4]) -> u8 {
        let Self { points, cells } = self;
        let candidates =
            cells[cell_of(colour)].get_or_insert_with(|| candidates(points, &to_point(middle(colour))));
        if let [only] = **candidates {
            return only;
        }
        let point = to_point(colour);
        let mut best = (f32::INFINITY, 0);
        for &index in candidates.iter() {
            let distance = distance(&points[usize::from(index)], &point);
            if distance < best.0 {
                best = (distance, index);
            }
        }
        best.1
    }
}

/// Every point that may be nearest to some point of the cell around this middle.
fn candidates(points: &[Point], middle: &Point) -> Box<[u8]> {
    let half = (1 << (7 - CELL_BITS)) as f32;
    let radius = half * WEIGHTS.iter().map(|w| w * w).sum::<f32>().sqrt();
    let distances: Vec<f32> = points.iter().map(|point| distance(point, middle).sqrt()).collect();
    let reach = distances.iter().copied().fold(f32::INFINITY, f32::min) + 2.0 * radius;
    distances
        .iter()
        .zip(0..=u8::MAX)
        .filter(|(distance, _)| **distance <= reach)
        .map(|(_, index)| index)
        .collect()
}

fn distance(a: &Point, b: &Point) -> f32 {
    (0..4).map(|axis| (a[axis] - b[axis]).powi(2)).sum()
}

/// The middle of the cell that a colour is in.
fn middle(colour: [u8; 4]) -> [u8; 4] {
    let [r, g, b, a] = colour.map(|s| s >> (8 - CELL_BITS) << (8 - CELL_BITS) | 1 << (7 - CELL_BITS));
    [r, g, b, if colour[3] == 255 { 255 } else { a }]
}

/// Floyd and Steinberg's error diffusion, in turns from the left and from the right.
fn dither(pixels: &[[u8; 4]], width: usize, palette: &[[u8; 4]]) -> Vec<u8> {
    let mut lookup = Lookup::new(palette);
    let mut indices = vec![0; pixels.len()];
    // One place more at either end, where errors leave the picture.
    let (mut here, mut below) = (vec![[0_i32; 4]; width + 2], vec![[0_i32; 4]; width + 2]);
    for (y, (row, out)) in pixels.chunks_exact(width).zip(indices.chunks_exact_mut(width)).enumerate() {
        for i in 0..width {
            let (x, ahead, behind) = if y % 2 == 0 { (i, 2, 0) } else { (width - 1 - i, 0, 2) };
            let wanted = shifted(row[x], here[x + 1]);
            let index = lookup.nearest(wanted);
            out[x] = index;
            let got = palette[usize::from(index)];
            for channel in 0..4 {
                let error = (i32::from(wanted[channel]) - i32::from(got[channel])) * DITHER;
                here[x + ahead][channel] += error * 7;
                below[x + behind][channel] += error * 3;
                below[x + 1][channel] += error * 5;
                below[x + ahead][channel] += error;
            }
        }
        std::mem::swap(&mut here, &mut below);
        below.fill([0; 4]);
    }
    indices
}

/// A pixel and the errors of its neighbours, which are in parts of 256. What is opaque or transparent stays so.
fn shifted(pixel: [u8; 4], errors: [i32; 4]) -> [u8; 4] {
    if pixel[3] == 0 {
        return [0; 4];
    }
    let shift = |i: usize| (i32::from(pixel[i]) + ((errors[i] + 128) >> 8)).clamp(0, 255) as u8;
    let alpha = if pixel[3] == 255 { 255 } else { shift(3) };
    [shift(0), shift(1), shift(2), alpha]
}
