//! Small charts as SVG, drawn by numbers alone.

use std::{fmt::Write, io};

use super::Page;

/// The drawing's size, in its own units, and where the values are drawn within it.
const WIDTH: f64 = 320.0;
const HEIGHT: f64 = 112.0;
const LEFT: f64 = 26.0;
const RIGHT: f64 = 8.0;
const TOP: f64 = 8.0;
const BOTTOM: f64 = 18.0;
/// Bars are not wider than this, so that two of them do not look like doors.
const BAR: f64 = 22.0;

/// A series of values, the oldest first; there are two at least.
pub(super) struct Chart<'a> {
    /// What is drawn, such as `Open ports`.
    pub(super) title: &'static str,
    /// The class that gives it its colour.
    pub(super) class: &'static str,
    /// Whether it is drawn as bars, rather than as a line.
    pub(super) bars: bool,
    /// The values.
    pub(super) values: &'a [u32],
    /// When the first and the last were.
    pub(super) days: [String; 2],
}

const OPEN: &str = "<figure class=\"card {}\"><figcaption><span>{}</span><b>{}</b></figcaption>
<svg viewBox=\"0 0 320 112\" role=\"img\" aria-label=\"{}: {} scans, from {} on {} to {} on {}; at most {}\">
<path class=\"grid\" d=\"M26 8H312M26 51H312M26 94H312\"/>
<text x=\"21\" y=\"11.5\" text-anchor=\"end\">{}</text><text x=\"21\" y=\"97\" text-anchor=\"end\">0</text>
<text x=\"26\" y=\"109\">{}</text><text x=\"312\" y=\"109\" text-anchor=\"end\">{}</text>
";

impl Chart<'_> {
    pub(super) fn write(&self, page: &mut Page<'_>) -> io::Result<()> {
        let top = self.top();
        let most = self.values.iter().copied().max().unwrap_or_default();
        let (first, last) = (self.value(0), self.value(self.values.len().saturating_sub(1)));
        let [begin, end] = &self.days;
        page.put(
            OPEN,
            [
                &self.class,
                &self.title,
                &last,
                &self.title,
                &self.values.len(),
                &first,
                begin,
                &last,
                end,
                &most,
                &top,
                begin,
                end,
            ],
        )?;
        if self.bars {
            self.draw_bars(page)?;
        } else {
            self.draw_line(page)?;
        }
        page.raw("</svg></figure>\n")
    }

    fn value(&self, at: usize) -> u32 {
        self.values.get(at).copied().unwrap_or_default()
    }

    /// The value at the top line: the next round one.
    fn top(&self) -> u32 {
        let most = self.values.iter().copied().max().unwrap_or_default();
        let steps = (0..9)
            .flat_map(|power| [2, 4, 6, 8, 10, 16].map(|step: u32| step.saturating_mul(10u32.pow(power))));
        steps.filter(|step| *step >= most).min().unwrap_or(most).max(2)
    }

    fn x(&self, at: usize) -> f64 {
        let steps = self.values.len().saturating_sub(1).max(1);
        LEFT + (WIDTH - LEFT - RIGHT) * at as f64 / steps as f64
    }

    fn y(&self, value: u32) -> f64 {
        HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * f64::from(value) / f64::from(self.top())
    }

    fn draw_line(&self, page: &mut Page<'_>) -> io::Result<()> {
        let mut points = String::new();
        for (at, value) in self.values.iter().enumerate() {
            // Writing into a string can't fail.
            write!(points, "{}{:.1} {:.1}", if at == 0 { "M" } else { "L" }, self.x(at), self.y(*value)).ok();
        }
        let last = self.values.len().saturating_sub(1);
        let (x, y, ground) = (self.x(last), self.y(self.value(last)), HEIGHT - BOTTOM);
        // A path of many scans is longer than a value may be: it goes in pieces.
        for (class, end) in
            [("area", format!("L{x:.1} {ground:.1}L{LEFT} {ground:.1}Z")), ("line", String::new())]
        {
            page.put("<path class=\"{}\" d=\"", [&class])?;
            for piece in points.as_bytes().chunks(500) {
                page.put("{}", [&String::from_utf8_lossy(piece)])?;
            }
            page.put("{}\"/>", [&end])?;
        }
        page.put(
            "<circle class=\"dot\" cx=\"{}\" cy=\"{}\" r=\"4\"/>\n",
            [&format_args!("{x:.1}"), &format_args!("{y:.1}")],
        )
    }

    fn draw_bars(&self, page: &mut Page<'_>) -> io::Result<()> {
        let room = (WIDTH - LEFT - RIGHT) / self.values.len().max(1) as f64;
        let width = (room * 0.7).min(BAR);
        for (at, value) in self.values.iter().enumerate() {
            let (x, y) = (LEFT + room * (at as f64 + 0.5) - width / 2.0, self.y(*value));
            let last = if at + 1 == self.values.len() { " last" } else { "" };
            let height = HEIGHT - BOTTOM - y;
            page.put(
                "<rect class=\"bar{}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"1.5\"/>",
                [
                    &last,
                    &format_args!("{x:.1}"),
                    &format_args!("{y:.1}"),
                    &format_args!("{width:.1}"),
                    &format_args!("{height:.1}"),
                ],
            )?;
        }
        page.raw("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(values: &[u32], bars: bool) -> String {
        let mut out = Vec::new();
        let days = ["1 Jan 2025".to_owned(), "2 Jan 2025".to_owned()];
        Chart { title: "Ports", class: "", bars, values, days }
            .write(&mut Page::new(&mut out))
            .expect("drawn");
        String::from_utf8(out).expect("UTF-8")
    }

    #[test]
    fn the_top_line_is_a_round_number_above_all() {
        let top =
            |values: &[u32]| Chart { title: "", class: "", bars: false, values, days: <_>::default() }.top();
        assert_eq!(
            [&[0][..], &[2], &[3], &[9], &[11], &[100, 17], &[161]].map(top),
            [2, 2, 4, 10, 16, 100, 200]
        );
        assert_eq!(top(&[u32::MAX]), u32::MAX);
    }

    #[test]
    fn lines_and_bars_stay_within_the_drawing() {
        let line = drawn(&[0, 10, 5], false);
        assert!(line.contains("d=\"M26.0 94.0L169.0 8.0L312.0 51.0\""), "{line}");
        assert!(
            line.contains(
                "aria-label=\"Ports: 3 scans, from 0 on 1 Jan 2025 to 5 on 2 Jan 2025; at most 10\""
            )
        );
        let bars = drawn(&[1, 2], true);
        assert_eq!(bars.matches("<rect").count(), 2);
        assert!(bars.contains("height=\"86.0\""), "{bars}");
    }

    #[test]
    fn a_long_line_is_drawn_whole() {
        let values: Vec<u32> = (0..1_000).collect();
        assert_eq!(drawn(&values, false).matches('L').count(), 2 * 999 + 2);
    }
}
